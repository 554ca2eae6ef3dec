// The extension API of this browser. Firefox's manifest of version 2 calls the toolbar button another name.
const own = globalThis.browser ?? globalThis.chrome;
export const api = own.action ? own : Object.create(own, { action: { value: own.browserAction } });
globalThis.api = api;
