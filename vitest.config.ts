import { defineConfig } from "vitest/config";

/** Tests of the built program run it as a process, so it is built first; the others need no build. */
const built = ["test/cli/**/*.test.ts", "test/conformance/**/*.test.ts", "test/editors/**/*.test.ts"];

const setupFiles = ["test/support/seed.ts"];

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/**/*.test.ts"], exclude: built, setupFiles, testTimeout: 60_000 } },
      { test: { name: "built", include: built, globalSetup: "test/cli/build.ts", setupFiles, testTimeout: 60_000 } },
    ],
  },
});
