" Written by scripts/grammars.mjs from grammar/tokens.ts.
if exists("b:current_syntax") | finish | endif

syntax match bilevelCall /\<\K\k*\ze\s*(/
syntax match bilevelWordType /\<\%(real\|int\|bool\|class\|weights\)\>/
syntax match bilevelWordSelection /\<\%(previous\|gradient_flow\|descent\)\>/
syntax match bilevelWordClause /\<\%(adjoint\)\>/
syntax match bilevelWordConstant /\<\%(pi\|inf\)\>/
syntax match bilevelDeclaration /\<\%(data\|param\|dim\|let\|var\|network\|function\|report\|import\)\>/
syntax match bilevelProblem /\<\%(minimize\|maximize\|over\|where\|and\|minimizes\|maximizes\|solves\|selected\|from\|subject\|to\)\>/
syntax match bilevelModifier /\<\%(by\|in\|init\)\>/
syntax match bilevelCallable /\<\%(solve\|E\|sum\)\>/
syntax match bilevelConstant /\<\%(true\|false\)\>/
syntax match bilevelField /\.\s*\K\k*/
syntax match bilevelLabel /\<\K\k*\ze\s*:/
syntax match bilevelNumber /\<\d[0-9_]*\%(\.\d[0-9_]*\)\?\%([eE][+-]\?\d[0-9_]*\)\?/
syntax match bilevelString /"\%([^"\\]\|\\.\)*"\?/
syntax match bilevelComment /#.*$/
syntax match bilevelDocumentation /##.*$/

highlight default link bilevelCall Function
highlight default link bilevelWordType StorageClass
highlight default link bilevelWordSelection Function
highlight default link bilevelWordClause Keyword
highlight default link bilevelWordConstant Constant
highlight default link bilevelDeclaration Type
highlight default link bilevelProblem Statement
highlight default link bilevelModifier Keyword
highlight default link bilevelCallable Function
highlight default link bilevelConstant Constant
highlight default link bilevelField Identifier
highlight default link bilevelLabel Identifier
highlight default link bilevelNumber Number
highlight default link bilevelString String
highlight default link bilevelComment Comment
highlight default link bilevelDocumentation SpecialComment

let b:current_syntax = "bilevel"
