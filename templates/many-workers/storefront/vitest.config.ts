/** Lets tests in Node run this Worker, with a stub for the owner. */
import { tidingsTesting } from "tidings/testing/vitest";
import { defineConfig } from "vitest/config";

export default defineConfig({ plugins: [tidingsTesting()] });
