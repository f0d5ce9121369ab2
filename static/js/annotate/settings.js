// The settings of the page: the server keeps them with the account, so that they are the same on every device.

// `values` are all of them as the server has them; `send` stores a change there. `onChange` is called with all of them now and
// after each change.
export const createSettings = ({ form, values, send, onChange = () => {} }) => {
  const settings = { ...values };

  const show = () => {
    for (const field of form.elements) {
      if (field.type === "checkbox") field.checked = settings[field.name];
      else if (field.type === "radio") field.checked = settings[field.name] === field.value;
    }
    onChange(settings);
  };

  const set = (name, value) => {
    settings[name] = value;
    show();
    send({ [name]: value });
  };

  form.addEventListener("change", ({ target }) => set(target.name, target.type === "checkbox" ? target.checked : target.value));
  form.addEventListener("submit", (event) => event.preventDefault());
  show();

  return { get: (name) => settings[name], set };
};
