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

// A reload comes back to the tab that was open.
document.addEventListener("click", (event) => {
  const tab = event.target.closest?.('button[role="tab"][data-tab-id]');
  if (tab) remember("potstill-tab", JSON.stringify(tab.dataset.tabId));
});
(async () => {
  const last = recalled("potstill-tab");
  for (let n = 0; last && last !== "worlds" && n < 50; n++) {
    const tab = document.querySelector(`button[role="tab"][data-tab-id="${CSS.escape(last)}"]`);
    if (tab) return tab.click();
    await pause(100);
  }
})();
