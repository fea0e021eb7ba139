import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../runtime/random.ts";

const many = 200_000;

describe("random", () => {
  it("gives the same numbers for a seed, everywhere", () => {
    const random = createRandom(0);
    const drawn = [
      random.uniform(),
      random.uniform(),
      random.normal(),
      random.normal(),
      random.integer(1000),
      random.integer(2 ** 40),
    ];
    expect(drawn).toMatchInlineSnapshot(`
      [
        0.2747170139212095,
        0.7194105897209213,
        -0.6277629018321739,
        0.713345387838316,
        746,
        885378539270,
      ]
    `);
    expect([...createRandom(7).permutation(8)]).toMatchInlineSnapshot(`
      [
        4,
        3,
        2,
        6,
        1,
        7,
        5,
        0,
      ]
    `);
  });

  it("continues from its state, through JSON", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.integer({ min: 0, max: 5 }), (seed, draws) => {
        const random = createRandom(seed);
        for (let i = 0; i < draws; i++) random.normal();
        const other = createRandom(1);
        other.restore(JSON.parse(JSON.stringify(random.state())));
        for (let i = 0; i < 5; i++) expect(other.normal()).toBe(random.normal());
      }),
    );
  });

  it("has other numbers for other seeds", () => {
    const firsts = [0, 1, 2, -1, 0.5, 1e300, 2 ** 32, 2 ** 33].map((seed) => createRandom(seed).uniform());
    expect(new Set(firsts).size).toBe(firsts.length);
    expect(createRandom(-0).uniform()).toBe(createRandom(0).uniform());
  });

  it("has the moments of its distributions", () => {
    const random = createRandom(3);
    const moments = [0, 0, 0, 0];
    let uniform = 0;
    for (let i = 0; i < many; i++) {
      const x = random.normal();
      [1, 2, 3, 4].forEach((power, k) => {
        moments[k] = (moments[k] ?? 0) + x ** power / many;
      });
      uniform += random.uniform() / many;
    }
    const expected = [0, 1, 0, 3];
    const deviations = [1, Math.sqrt(2), Math.sqrt(15), Math.sqrt(96)];
    moments.forEach((moment, k) => {
      expect(Math.abs(moment - (expected[k] ?? 0))).toBeLessThan((4 * (deviations[k] ?? 0)) / Math.sqrt(many));
    });
    expect(Math.abs(uniform - 0.5)).toBeLessThan((4 * Math.sqrt(1 / 12)) / Math.sqrt(many));
  });

  it("draws integers evenly (chi-square) and permutations that hold every number", () => {
    const random = createRandom(5);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < many; i++) {
      const drawn = random.integer(10);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    const square = counts.reduce((sum, count) => sum + (count - many / 10) ** 2 / (many / 10), 0);
    expect(square).toBeLessThan(27.9);
    expect([...random.permutation(1000)].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });
});
