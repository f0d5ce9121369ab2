// The only policy that the content security policy allows. htmx and the administration put HTML into pages that came from this
// site; scripts in it do not run, by the same policy. Text that would become a script or the address of one is refused, since
// nothing here makes any: createScript and createScriptURL are missing on purpose.
window.trustedTypes?.createPolicy("default", { createHTML: (html) => html });
