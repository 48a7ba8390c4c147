// Formulas are typeset by KaTeX, which is served from this site. Doubly escaped delimiters are those of arithmatex.
renderMathInElement(document.body, {
  delimiters: [
    { left: "\\(", right: "\\)", display: false },
    { left: "\\[", right: "\\]", display: true },
  ],
  throwOnError: false,
});

// What scrolls by itself can be scrolled with the keyboard, too. The theme wraps tables after this script has run.
const scrolling = ".md-typeset__scrollwrap, pre > code, div.arithmatex";
const reachable = () => {
  for (const box of document.querySelectorAll(scrolling)) {
    if (box.scrollWidth > box.clientWidth && box.tabIndex < 0) box.tabIndex = 0;
  }
};
new MutationObserver(reachable).observe(document.body, { childList: true, subtree: true });
addEventListener("resize", reachable);
addEventListener("load", reachable);
