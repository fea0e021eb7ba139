/**
 * What may come next: the grammar's rules walked over the tokens of one statement. The parser itself decides with one token
 * of lookahead; here every way through the rules is followed at once, so that the tokens may end anywhere.
 */
import {
  Alternation,
  Alternative,
  type IProduction,
  type IToken,
  NonTerminal,
  Option,
  Repetition,
  RepetitionMandatory,
  RepetitionMandatoryWithSeparator,
  Terminal,
  type TokenType,
  tokenMatcher,
} from "chevrotain";
import { parser } from "./parser.ts";

/** A token that may come next, and the rules it would stand in, outermost first. */
export interface Expected {
  readonly token: TokenType;
  readonly rules: readonly string[];
}

export interface Follow {
  readonly expected: readonly Expected[];
  /** Whether the statement may end here. */
  readonly complete: boolean;
}

/** What may follow the tokens of a statement; nothing where they do not begin one. */
export function follow(tokens: readonly IToken[]): Follow {
  const start = rules["statement"];
  let states: readonly State[] =
    start === undefined ? [] : [{ rule: "statement", items: start.definition, at: 0, outer: undefined }];
  for (const token of tokens) {
    states = reachable(states).steps.flatMap(({ terminal, after }) =>
      tokenMatcher(token, terminal.terminalType) ? [after] : [],
    );
  }
  const { steps, complete } = reachable(states);
  return {
    complete,
    expected: steps.map(({ terminal, after }) => ({ token: terminal.terminalType, rules: rulesOf(after) })),
  };
}

const rules = parser.getGAstProductions();

/** A place in a rule: what is left of a sequence of it, and where to go on after that. */
interface State {
  readonly rule: string;
  readonly items: readonly IProduction[];
  readonly at: number;
  readonly outer: State | undefined;
}

interface Step {
  readonly terminal: Terminal;
  readonly after: State;
}

/** The terminals that can be read next, and whether the end can be reached without one. */
function reachable(states: readonly State[]): { readonly steps: readonly Step[]; readonly complete: boolean } {
  const steps: Step[] = [];
  let complete = false;
  const open: (State | undefined)[] = [...states];
  const into = (state: State, items: readonly IProduction[], outer: State, rule = state.rule): State => ({
    rule,
    items,
    at: 0,
    outer,
  });
  for (let i = 0; i < open.length; i++) {
    const state = open[i];
    if (state === undefined) {
      complete = true;
      continue;
    }
    const item = state.items[state.at];
    if (item === undefined) {
      open.push(state.outer);
      continue;
    }
    const after: State = { ...state, at: state.at + 1 };
    if (item instanceof Terminal) steps.push({ terminal: item, after });
    else if (item instanceof NonTerminal)
      open.push(into(state, item.referencedRule.definition, after, item.referencedRule.name));
    else if (item instanceof Alternation) {
      const ways = item.definition.filter((way) => way instanceof Alternative);
      open.push(...ways.map((way) => into(state, way.definition, after)));
    } else if (item instanceof Option) open.push(after, into(state, item.definition, after));
    else if (item instanceof Repetition) open.push(after, into(state, item.definition, state));
    else if (item instanceof RepetitionMandatory)
      open.push(into(state, item.definition, into(state, [new Repetition(item)], after)));
    else if (item instanceof RepetitionMandatoryWithSeparator) {
      const separator = new Terminal({ terminalType: item.separator });
      const more = new Repetition({ definition: [separator, ...item.definition] });
      open.push(into(state, item.definition, into(state, [more], after)));
    } else throw new Error(`follow: the grammar uses ${item.constructor.name}`);
  }
  return { steps, complete };
}

function rulesOf(state: State): readonly string[] {
  const names: string[] = [];
  for (let each: State | undefined = state; each !== undefined; each = each.outer)
    if (names[0] !== each.rule) names.unshift(each.rule);
  return names;
}
