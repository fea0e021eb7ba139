/** The options of a family of maps as one record: as they are written, or by their defaults. */
import { families } from "./families.ts";
import type { Family, OptionValue } from "./model.ts";

export interface FamilySettings {
  readonly image: readonly number[];
  readonly channels: readonly number[];
  readonly kernel: number;
  readonly stride: number;
  readonly padding: string;
  readonly pool: string;
  readonly pool_size: number;
  readonly hidden: readonly number[];
  readonly activation: string;
  readonly norm: string;
  readonly head: string;
  readonly ridge: number;
  readonly bias: boolean;
  readonly init: string;
  readonly seed: number;
}

const plain: FamilySettings = {
  image: [],
  channels: [],
  kernel: 1,
  stride: 1,
  padding: "valid",
  pool: "none",
  pool_size: 1,
  hidden: [],
  activation: "relu",
  norm: "none",
  head: "linear",
  ridge: 0,
  bias: true,
  init: "glorot",
  seed: 0,
};

/** A linear map is an mlp without hidden layers, and an mlp a convolutional network without convolutions. */
export function settingsOf({ name, options }: Family): FamilySettings {
  const rules: Readonly<Record<string, { readonly default: unknown }>> =
    families[name as keyof typeof families].options;
  const defaults = Object.fromEntries(Object.entries(rules).map(([key, rule]) => [key, rule.default]));
  const given = Object.fromEntries([...options].map(([key, value]) => [key, valueOf(value)]));
  return { ...plain, ...defaults, ...given };
}

function valueOf(value: OptionValue): unknown {
  return value.kind === "list" ? value.items.map(valueOf) : value.value;
}
