// Writes what editors colour a program by from the words and marks of grammar/tokens.ts. A test holds both files to it.
import { writeFileSync } from "node:fs";
import { textMateGrammar } from "../editors/textmate.ts";
import { vimSyntax } from "../editors/vim-syntax.ts";

const at = (path) => new URL(`../editors/${path}`, import.meta.url);

writeFileSync(at("vscode/bilevel.tmLanguage.json"), `${JSON.stringify(textMateGrammar(), null, 2)}\n`);
writeFileSync(at("neovim/syntax/bilevel.vim"), vimSyntax());
