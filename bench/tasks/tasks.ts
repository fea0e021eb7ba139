/** Every task by name. */
import type { Task } from "../task.ts";
import { cleaning } from "./cleaning.ts";
import { logistic } from "./logistic.ts";
import { mlp } from "./mlp.ts";
import { product } from "./product.ts";
import { ridge } from "./ridge.ts";
import { stochastic } from "./stochastic.ts";

export const tasks: Readonly<Record<string, Task>> = { logistic, ridge, mlp, product, cleaning, stochastic };
