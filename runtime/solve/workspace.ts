/** Vectors that a solver borrows for its run. */
import type { Engine, Vector } from "../engine/engine.ts";

export interface Workspace {
  /** A vector of zeros. */
  vector(): Vector;
  release(): void;
}

/** All vectors have the given length and are released together. */
export function createWorkspace(engine: Engine, length: number): Workspace {
  const vectors: Vector[] = [];
  return {
    vector() {
      const vector = engine.allocate(length);
      engine.fill(vector, 0);
      vectors.push(vector);
      return vector;
    },
    release() {
      for (const vector of vectors.splice(0)) engine.release(vector);
    },
  };
}

/** Runs the body with a workspace and releases it however the body ends. */
export function withWorkspace<T>(engine: Engine, length: number, body: (workspace: Workspace) => T): T {
  const workspace = createWorkspace(engine, length);
  try {
    return body(workspace);
  } finally {
    workspace.release();
  }
}

/** The unit rounding of the engine's numbers: the distance from 1 to the next number. */
export function machineEpsilon(engine: Engine): number {
  return { f64: 2 ** -52, f32: 2 ** -23 }[engine.precision];
}

/** A tolerance meant for doubles as the same share of the digits that the engine's numbers have: in f32 1e-12 is 5e-6. */
export function toleranceFor(engine: Engine, inDoubles: number): number {
  return engine.precision === "f64" ? inDoubles : inDoubles ** (23 / 52);
}
