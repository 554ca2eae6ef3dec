// The language of the extension: the one that the person has chosen in the settings, or else that of the browser.
import { api } from "./api.js";
import { speak } from "./words.js";

// The popup writes the same key (popup/src/preferences.rs).
const KEY = "language";

export async function speakAsChosen() {
  // If the choice cannot be read, the browser's language is better than no words.
  const { [KEY]: chosen } = await api.storage.local.get(KEY).catch(() => ({}));
  await speak([chosen, api.i18n.getUILanguage()].filter((tag) => typeof tag === "string" && tag));
}

// Calls `then` whenever another language was chosen and its words are here.
export function onLanguage(then) {
  api.storage.local.onChanged.addListener((changes) => {
    if (KEY in changes) speakAsChosen().then(then, console.error);
  });
}
