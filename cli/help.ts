/** What `--help` says after the list of options. */

export const overview = `
A problem in a file:
  data train: { X: real[n, d], y: real[n] } = csv("train.csv", y: "target")
  data valid: { X: real[m, d], y: real[m] } = csv("valid.csv", y: "target")
  var lambda: real
  var theta: real[d]
  minimize mean((valid.X @ theta - valid.y)^2)
  over     lambda
  where    theta minimizes mean((train.X @ theta - train.y)^2) + exp(lambda) * sumsq(theta)

Exit status: 0 done; 1 the run ended otherwise; 2 the source, the data or the arguments are wrong;
3 the problem was refused.`;

/** Examples, one text a command. */
export const examples = {
  run: `Examples:
  bilevel run ridge.bilevel
  bilevel run ridge.bilevel --set rho=0.5 --data train=other.csv --json
  bilevel run ridge.bilevel --outer adam --outer.rate 0.05 --steps 200 --time-limit 60
  bilevel run ridge.bilevel --starts 16 --seed 0
  bilevel run ridge.bilevel --out runs/ridge --checkpoint seconds=60
  bilevel run --resume runs/ridge

Ctrl-C ends the run with the best point so far; what is kept in a folder can be gone on with.`,

  grad: `Values are JSON or scalar formulae; names that are missing take their init. Examples:
  bilevel grad ridge.bilevel --at lambda=-0.7
  bilevel grad ridge.bilevel --at 'lambda=log(10)' --json
  bilevel grad ridge.bilevel --at lambda='[-2, -1.4, 0.5]'
  bilevel grad ridge.bilevel --at @point.json
  bilevel grad ridge.bilevel --at @points.json --json

A file may hold a list of points: they are solved together and give a list of results.`,

  check: `Examples:
  bilevel check ridge.bilevel
  bilevel check ridge.bilevel --json`,

  explain: `Examples:
  bilevel explain ridge.bilevel
  bilevel explain ridge.bilevel --format html > ridge.html

Sizes stay symbolic where the data cannot be read.`,

  gradcheck: `Examples:
  bilevel gradcheck ridge.bilevel
  bilevel gradcheck ridge.bilevel --at lambda=-0.7

Exit status 1 if they disagree.`,

  compile: `The module exports value, gradient, hypergradient, solve, and load for other data. Examples:
  bilevel compile ridge.bilevel --target wasm -o ridge.js
  bilevel compile ridge.bilevel --target wasm --without-data > ridge.js`,

  predict: `Columns are found by the names they had when the function was fitted. Examples:
  bilevel run kernel.bilevel --json > result.json
  bilevel predict result.json --data new.csv
  bilevel predict result.json --data new.csv --function h --json`,

  compare: `Methods that this problem does not allow are rows that say why. Examples:
  bilevel compare ridge.bilevel --methods 'aid,itd(steps: 50),grid(points: 8)'
  bilevel compare cleaning.bilevel --methods soba,saba,amigo --seeds 5 --until passes=50 --out compared`,

  lsp: `An editor starts it; docs/editors.md says how. Example:
  bilevel lsp --stdio`,

  sweep: `Names and values of --set are combined; --seeds sets the seed of the solve block. Examples:
  bilevel sweep ridge.bilevel --set rho=0.1,0.2,0.5
  bilevel sweep ridge.bilevel --set rho=0.1,0.2 --set n=100,200 --seeds 10 --jobs 2 --out swept`,

  fmt: `Examples:
  bilevel fmt ridge.bilevel
  bilevel fmt --check *.bilevel
  bilevel fmt - < ridge.bilevel`,

  doctor: `BILEVEL_BLAS=off does without the system's BLAS, BILEVEL_BLAS=/path/to/library takes that one. Examples:
  bilevel doctor
  bilevel doctor --json`,

  new: `The data are made up; put yours in the files. Examples:
  bilevel new --list
  bilevel new penalties
  bilevel new prices --template leader`,

  types: `Examples:
  bilevel types ridge.bilevel
  bilevel types ridge.bilevel -o ridge.d.bilevel.ts`,

  completions: `Examples:
  bilevel completions bash >> ~/.bashrc
  bilevel completions zsh > ~/.zfunc/_bilevel       a folder of fpath
  bilevel completions fish > ~/.config/fish/completions/bilevel.fish`,

  man: `It comes with the package as bilevel(1), too. Example:
  bilevel man | man -l -`,
} as const;
