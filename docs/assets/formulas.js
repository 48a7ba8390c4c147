// Formulas are typeset by KaTeX, which is served from this site. Doubly escaped delimiters are those of arithmatex.
renderMathInElement(document.body, {
  delimiters: [
    { left: "\\(", right: "\\)", display: false },
    { left: "\\[", right: "\\]", display: true },
  ],
  throwOnError: false,
});
