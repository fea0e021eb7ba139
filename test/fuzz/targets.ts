/** Everything that reads what it cannot trust. */
import { checkpoints } from "./checkpoints.ts";
import { dataFiles } from "./data-files.ts";
import { programs } from "./programs.ts";
import type { Target } from "./target.ts";

export const targets: readonly Target[] = [...programs, ...dataFiles, ...checkpoints];
