/** The types of the concrete syntax, generated from parser.ts; test/grammar/cst.test.ts holds them up to date. */
import type { CstNode, IToken } from "chevrotain";

export interface NamesCstNode extends CstNode {
  name: "names";
  children: NamesCstChildren;
}

export type NamesCstChildren = {
  Name: IToken[];
  Comma?: IToken[];
};

export interface ExpressionsCstNode extends CstNode {
  name: "expressions";
  children: ExpressionsCstChildren;
}

export type ExpressionsCstChildren = {
  expression: ExpressionCstNode[];
  Comma?: IToken[];
};

export interface IndexedNameCstNode extends CstNode {
  name: "indexedName";
  children: IndexedNameCstChildren;
}

export type IndexedNameCstChildren = {
  Name: IToken[];
  LeftBracket?: IToken[];
  binder?: BinderCstNode[];
  RightBracket?: IToken[];
};

export interface MapTypeCstNode extends CstNode {
  name: "mapType";
  children: MapTypeCstChildren;
}

export type MapTypeCstChildren = {
  from: TypeCstNode[];
  Comma?: IToken[];
  Arrow: IToken[];
  to: TypeCstNode[];
};

export interface TypeCstNode extends CstNode {
  name: "type";
  children: TypeCstChildren;
}

export type TypeCstChildren = {
  Name?: IToken[];
  sizes?: SizesCstNode[];
  weightsOf?: WeightsOfCstNode[];
  fields?: FieldsCstNode[];
};

export interface WeightsOfCstNode extends CstNode {
  name: "weightsOf";
  children: WeightsOfCstChildren;
}

export type WeightsOfCstChildren = {
  LeftParen: IToken[];
  Name: IToken[];
  RightParen: IToken[];
};

export interface SizesCstNode extends CstNode {
  name: "sizes";
  children: SizesCstChildren;
}

export type SizesCstChildren = {
  LeftBracket: IToken[];
  size: SizeCstNode[];
  Comma?: IToken[];
  RightBracket: IToken[];
};

export interface SizeCstNode extends CstNode {
  name: "size";
  children: SizeCstChildren;
}

export type SizeCstChildren = {
  Star?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface FieldsCstNode extends CstNode {
  name: "fields";
  children: FieldsCstChildren;
}

export type FieldsCstChildren = {
  LeftBrace: IToken[];
  field: FieldCstNode[];
  Comma?: IToken[];
  RightBrace: IToken[];
};

export interface FieldCstNode extends CstNode {
  name: "field";
  children: FieldCstChildren;
}

export type FieldCstChildren = {
  Label: IToken[];
  Colon: IToken[];
  type: TypeCstNode[];
};

export interface ExpressionCstNode extends CstNode {
  name: "expression";
  children: ExpressionCstChildren;
}

export type ExpressionCstChildren = {
  prefixed: PrefixedCstNode[];
  BinaryOperator?: IToken[];
};

export interface PrefixedCstNode extends CstNode {
  name: "prefixed";
  children: PrefixedCstChildren;
}

export type PrefixedCstChildren = {
  Minus?: IToken[];
  Bang?: IToken[];
  prefixed?: PrefixedCstNode[];
  power?: PowerCstNode[];
};

export interface PowerCstNode extends CstNode {
  name: "power";
  children: PowerCstChildren;
}

export type PowerCstChildren = {
  postfixed: PostfixedCstNode[];
  Caret?: IToken[];
  exponent?: ExponentCstNode[];
};

export interface ExponentCstNode extends CstNode {
  name: "exponent";
  children: ExponentCstChildren;
}

export type ExponentCstChildren = {
  Minus?: IToken[];
  exponent?: ExponentCstNode[];
  power?: PowerCstNode[];
};

export interface PostfixedCstNode extends CstNode {
  name: "postfixed";
  children: PostfixedCstChildren;
}

export type PostfixedCstChildren = {
  primary: PrimaryCstNode[];
  suffix?: SuffixCstNode[];
};

export interface SuffixCstNode extends CstNode {
  name: "suffix";
  children: SuffixCstChildren;
}

export type SuffixCstChildren = {
  Quote?: IToken[];
  Dot?: IToken[];
  Label?: IToken[];
  indexItems?: IndexItemsCstNode[];
  callArguments?: CallArgumentsCstNode[];
};

export interface PrimaryCstNode extends CstNode {
  name: "primary";
  children: PrimaryCstChildren;
}

export type PrimaryCstChildren = {
  Number?: IToken[];
  String?: IToken[];
  trueKeyword?: IToken[];
  falseKeyword?: IToken[];
  Name?: IToken[];
  list?: ListCstNode[];
  reduction?: ReductionCstNode[];
  solveCall?: SolveCallCstNode[];
  LeftParen?: IToken[];
  expression?: ExpressionCstNode[];
  RightParen?: IToken[];
};

export interface ListCstNode extends CstNode {
  name: "list";
  children: ListCstChildren;
}

export type ListCstChildren = {
  LeftBracket: IToken[];
  expression?: ExpressionCstNode[];
  Comma?: IToken[];
  RightBracket: IToken[];
};

export interface ReductionCstNode extends CstNode {
  name: "reduction";
  children: ReductionCstChildren;
}

export type ReductionCstChildren = {
  Reducer: IToken[];
  binders?: BindersCstNode[];
  LeftParen?: IToken[];
  expression?: ExpressionCstNode[];
  RightParen?: IToken[];
  callArguments?: CallArgumentsCstNode[];
};

export interface SolveCallCstNode extends CstNode {
  name: "solveCall";
  children: SolveCallCstChildren;
}

export type SolveCallCstChildren = {
  solveKeyword: IToken[];
  callArguments: CallArgumentsCstNode[];
};

export interface BindersCstNode extends CstNode {
  name: "binders";
  children: BindersCstChildren;
}

export type BindersCstChildren = {
  LeftBracket: IToken[];
  binder: BinderCstNode[];
  Comma?: IToken[];
  RightBracket: IToken[];
};

export interface BinderCstNode extends CstNode {
  name: "binder";
  children: BinderCstChildren;
}

export type BinderCstChildren = {
  Name?: IToken[];
  inKeyword?: IToken[];
  expression: ExpressionCstNode[];
};

export interface IndexItemsCstNode extends CstNode {
  name: "indexItems";
  children: IndexItemsCstChildren;
}

export type IndexItemsCstChildren = {
  LeftBracket: IToken[];
  indexItem: IndexItemCstNode[];
  Comma?: IToken[];
  RightBracket: IToken[];
};

export interface IndexItemCstNode extends CstNode {
  name: "indexItem";
  children: IndexItemCstChildren;
}

export type IndexItemCstChildren = {
  sliceEnd?: SliceEndCstNode[];
  expression?: ExpressionCstNode[];
};

export interface SliceEndCstNode extends CstNode {
  name: "sliceEnd";
  children: SliceEndCstChildren;
}

export type SliceEndCstChildren = {
  Colon: IToken[];
  expression?: ExpressionCstNode[];
};

export interface CallArgumentsCstNode extends CstNode {
  name: "callArguments";
  children: CallArgumentsCstChildren;
}

export type CallArgumentsCstChildren = {
  LeftParen: IToken[];
  argument?: ArgumentCstNode[];
  Comma?: IToken[];
  Semicolon?: IToken[];
  weights?: ExpressionCstNode[];
  RightParen: IToken[];
};

export interface ArgumentCstNode extends CstNode {
  name: "argument";
  children: ArgumentCstChildren;
}

export type ArgumentCstChildren = {
  Label?: IToken[];
  Colon?: IToken[];
  expression: ExpressionCstNode[];
};

export interface StatementCstNode extends CstNode {
  name: "statement";
  children: StatementCstChildren;
}

export type StatementCstChildren = {
  dimDeclaration?: DimDeclarationCstNode[];
  paramDeclaration?: ParamDeclarationCstNode[];
  dataDeclaration?: DataDeclarationCstNode[];
  letDeclaration?: LetDeclarationCstNode[];
  varDeclaration?: VarDeclarationCstNode[];
  networkDeclaration?: NetworkDeclarationCstNode[];
  functionDeclaration?: FunctionDeclarationCstNode[];
  reportDeclaration?: ReportDeclarationCstNode[];
  solveDeclaration?: SolveDeclarationCstNode[];
  importDeclaration?: ImportDeclarationCstNode[];
  objective?: ObjectiveCstNode[];
  whereClause?: WhereClauseCstNode[];
};

export interface DimDeclarationCstNode extends CstNode {
  name: "dimDeclaration";
  children: DimDeclarationCstChildren;
}

export type DimDeclarationCstChildren = {
  dimKeyword: IToken[];
  Name: IToken[];
  Equal: IToken[];
  expression: ExpressionCstNode[];
};

export interface ParamDeclarationCstNode extends CstNode {
  name: "paramDeclaration";
  children: ParamDeclarationCstChildren;
}

export type ParamDeclarationCstChildren = {
  paramKeyword: IToken[];
  Name: IToken[];
  Colon: IToken[];
  type: TypeCstNode[];
  Equal: IToken[];
  expression: ExpressionCstNode[];
};

export interface DataDeclarationCstNode extends CstNode {
  name: "dataDeclaration";
  children: DataDeclarationCstChildren;
}

export type DataDeclarationCstChildren = {
  dataKeyword: IToken[];
  names: NamesCstNode[];
  Colon?: IToken[];
  type?: TypeCstNode[];
  Equal: IToken[];
  expression: ExpressionCstNode[];
};

export interface LetDeclarationCstNode extends CstNode {
  name: "letDeclaration";
  children: LetDeclarationCstChildren;
}

export type LetDeclarationCstChildren = {
  letKeyword: IToken[];
  Name: IToken[];
  parameters?: ParametersCstNode[];
  Equal: IToken[];
  expression: ExpressionCstNode[];
};

export interface ParametersCstNode extends CstNode {
  name: "parameters";
  children: ParametersCstChildren;
}

export type ParametersCstChildren = {
  LeftParen: IToken[];
  Name?: IToken[];
  Comma?: IToken[];
  RightParen: IToken[];
};

export interface VarDeclarationCstNode extends CstNode {
  name: "varDeclaration";
  children: VarDeclarationCstChildren;
}

export type VarDeclarationCstChildren = {
  varKeyword: IToken[];
  indexedName: IndexedNameCstNode[];
  Colon: IToken[];
  type: TypeCstNode[];
  varModifier?: VarModifierCstNode[];
};

export interface VarModifierCstNode extends CstNode {
  name: "varModifier";
  children: VarModifierCstChildren;
}

export type VarModifierCstChildren = {
  inKeyword?: IToken[];
  initKeyword?: IToken[];
  expression: ExpressionCstNode[];
};

export interface NetworkDeclarationCstNode extends CstNode {
  name: "networkDeclaration";
  children: NetworkDeclarationCstChildren;
}

export type NetworkDeclarationCstChildren = {
  networkKeyword: IToken[];
  Name: IToken[];
  Colon: IToken[];
  mapType: MapTypeCstNode[];
  Equal: IToken[];
  expression: ExpressionCstNode[];
};

export interface FunctionDeclarationCstNode extends CstNode {
  name: "functionDeclaration";
  children: FunctionDeclarationCstChildren;
}

export type FunctionDeclarationCstChildren = {
  functionKeyword: IToken[];
  indexedName: IndexedNameCstNode[];
  Colon: IToken[];
  mapType: MapTypeCstNode[];
  inKeyword: IToken[];
  expression: ExpressionCstNode[];
  byKeyword?: IToken[];
  family?: ExpressionCstNode[];
  adjointWord?: IToken[];
  adjoint?: ExpressionCstNode[];
};

export interface ReportDeclarationCstNode extends CstNode {
  name: "reportDeclaration";
  children: ReportDeclarationCstChildren;
}

export type ReportDeclarationCstChildren = {
  reportKeyword: IToken[];
  Name: IToken[];
  Equal: IToken[];
  expression: ExpressionCstNode[];
};

export interface SolveDeclarationCstNode extends CstNode {
  name: "solveDeclaration";
  children: SolveDeclarationCstChildren;
}

export type SolveDeclarationCstChildren = {
  solveKeyword: IToken[];
  LeftBrace: IToken[];
  solveEntry?: SolveEntryCstNode[];
  RightBrace: IToken[];
};

export interface SolveEntryCstNode extends CstNode {
  name: "solveEntry";
  children: SolveEntryCstChildren;
}

export type SolveEntryCstChildren = {
  Label: IToken[];
  Colon: IToken[];
  expression: ExpressionCstNode[];
  Comma?: IToken[];
};

export interface ImportDeclarationCstNode extends CstNode {
  name: "importDeclaration";
  children: ImportDeclarationCstChildren;
}

export type ImportDeclarationCstChildren = {
  importKeyword: IToken[];
  String: IToken[];
};

export interface ObjectiveCstNode extends CstNode {
  name: "objective";
  children: ObjectiveCstChildren;
}

export type ObjectiveCstChildren = {
  minimizeKeyword?: IToken[];
  maximizeKeyword?: IToken[];
  expression: ExpressionCstNode[];
  overKeyword: IToken[];
  names: NamesCstNode[];
  subject?: SubjectCstNode[];
};

export interface WhereClauseCstNode extends CstNode {
  name: "whereClause";
  children: WhereClauseCstChildren;
}

export type WhereClauseCstChildren = {
  whereKeyword?: IToken[];
  andKeyword?: IToken[];
  unknown: UnknownCstNode[];
  Comma?: IToken[];
  optimizes?: OptimizesCstNode[];
  solves?: SolvesCstNode[];
};

export interface OptimizesCstNode extends CstNode {
  name: "optimizes";
  children: OptimizesCstChildren;
}

export type OptimizesCstChildren = {
  minimizesKeyword?: IToken[];
  maximizesKeyword?: IToken[];
  expression: ExpressionCstNode[];
  subject?: SubjectCstNode[];
  selection?: SelectionCstNode[];
};

export interface SolvesCstNode extends CstNode {
  name: "solves";
  children: SolvesCstChildren;
}

export type SolvesCstChildren = {
  solvesKeyword: IToken[];
  left: ExpressionCstNode[];
  Equal: IToken[];
  right: ExpressionCstNode[];
};

export interface SubjectCstNode extends CstNode {
  name: "subject";
  children: SubjectCstChildren;
}

export type SubjectCstChildren = {
  subjectKeyword: IToken[];
  toKeyword: IToken[];
  expressions: ExpressionsCstNode[];
};

export interface SelectionCstNode extends CstNode {
  name: "selection";
  children: SelectionCstChildren;
}

export type SelectionCstChildren = {
  selectedKeyword?: IToken[];
  fromKeyword?: IToken[];
  expressions?: ExpressionsCstNode[];
  byKeyword: IToken[];
  Name: IToken[];
  callArguments?: CallArgumentsCstNode[];
};

export interface UnknownCstNode extends CstNode {
  name: "unknown";
  children: UnknownCstChildren;
}

export type UnknownCstChildren = {
  Name: IToken[];
  LeftBracket?: IToken[];
  index?: IToken[];
  RightBracket?: IToken[];
};
