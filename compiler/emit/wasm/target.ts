/** What a module is emitted for: the numbers' type, and what the host offers. */

export interface Target {
  readonly precision: "f64" | "f32";
  /** Relaxed SIMD: a multiplication and an addition as one instruction, rounded once where the processor can. */
  readonly relaxed: boolean;
  /** Memory that several threads see. */
  readonly shared: boolean;
}

/** Bytes of one number. */
export const entryBytes = { f64: 8, f32: 4 } as const satisfies Record<Target["precision"], number>;

/** Numbers in one vector of 128 bits. */
export const lanesOf = { f64: 2, f32: 4 } as const satisfies Record<Target["precision"], number>;
