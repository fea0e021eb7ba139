import { describe, expect, test } from "vitest";
import { einsum, input, transpose } from "../../compiler/ir/graph.ts";
