// The only policy that the content security policy allows. htmx and the administration put HTML into pages that came from this
// site; scripts in it do not run, by the same policy. Text that would become a script or the address of one is refused, since
// nothing here makes any, but for the address of this site's service worker: createScript is missing on purpose.
window.trustedTypes?.createPolicy("default", {
  createHTML: (html) => html,
  createScriptURL: (address) => {
    const url = new URL(address, document.baseURI);
    if (url.origin === location.origin && url.pathname === "/service-worker.js") return url.href;
    throw new TypeError("Not the address of a script of this site.");
  },
});
