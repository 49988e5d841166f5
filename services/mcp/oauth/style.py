"""How the pages look: one style sheet, allowed by its digest. No font, picture or script comes from anywhere."""

_RULES = """
:root{color-scheme:light dark;--text:#1b1f24;--minor:#57606a;--page:#f3f4f6;--card:#fff;--line:#d0d7de;--note:#fff6e6;
--edge:#b35900;--yes:#0b5cad;--on-yes:#fff;--over:#084a8c}
*{box-sizing:border-box}
html{min-height:100%;background:var(--page);color:var(--text);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",
Roboto,"Helvetica Neue",sans-serif;-webkit-text-size-adjust:100%}
body{margin:0;padding:1rem}
main{max-width:32rem;margin:6vh auto;padding:clamp(1.25rem,6vw,2.25rem);background:var(--card);
border:1px solid var(--line);border-radius:.75rem;box-shadow:0 1px 3px #0001,0 8px 24px #0001;overflow-wrap:anywhere}
p,dl{margin:0 0 1rem}
.brand{display:flex;align-items:center;gap:.6rem;font-weight:600}
.brand svg{width:2rem;height:2rem;flex:none}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 1.25rem;text-wrap:balance}
.name{font-size:1.2rem;font-weight:600;margin:0;line-height:1.4;max-height:7em;overflow:hidden}
.minor,dt,small{color:var(--minor);font-size:.9rem}
dl{border:solid var(--line);border-width:1px 0;padding:1rem 0 .25rem}
dd{margin:0 0 .75rem}
.note{padding:.65rem .9rem;background:var(--note);border-left:.25rem solid var(--edge);border-radius:.25rem}
form{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
button{flex:1 1 11rem;min-height:2.75rem;padding:.5rem 1.25rem;font:inherit;font-weight:600;color:inherit;
background:none;border:1px solid var(--minor);border-radius:.5rem;cursor:pointer}
button:hover{background:var(--page)}
button.yes{color:var(--on-yes);background:var(--yes);border-color:var(--yes)}
button.yes:hover{background:var(--over)}
button:focus-visible{outline:3px solid var(--edge);outline-offset:2px}
@media(prefers-color-scheme:dark){:root{--text:#e6edf3;--minor:#9da7b3;--page:#0d1117;--card:#161b22;--line:#30363d;
--note:#2b2113;--edge:#e3a03f;--yes:#58a6ff;--on-yes:#0d1117;--over:#79b8ff}}
"""
# Allow takes no click before the pointer has been over the page for a moment: one that has just clicked on a window
# above this one has not. A pointer that hovers, that is: a finger does not, and the keyboard is another matter.
_GUARD = """
@media(hover:hover) and (pointer:fine){
.yes{pointer-events:none}
html:hover .yes{pointer-events:auto;animation:guard .7s}
}
@keyframes guard{from,to{pointer-events:none}}
"""
STYLE = (_RULES + _GUARD).replace("\n", "")
