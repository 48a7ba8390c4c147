// The heading: its button switches the language of the whole page.
const names = () => {
  document.documentElement.lang = language();
  for (const tab of document.querySelectorAll('button[role="tab"][data-tab-id]')) {
    const key = `tab_${tab.dataset.tabId}`;
    if (TEXTS[key] && tab.textContent !== say(key)) tab.textContent = say(key);
  }
};
find("button").addEventListener("click", () => {
  try { localStorage.setItem("potstill-language", language() === "ko" ? "en" : "ko"); } catch { /* for this page only */ }
  document.dispatchEvent(new CustomEvent("potstill-language"));
});
onLanguage(names);
names();
setTimeout(names, 300);
