/** Lets tests in Node run the events of this Worker, with virtual time. */
import { tidingsTesting } from "tidings/testing/vitest";
import { defineConfig } from "vitest/config";

export default defineConfig({ plugins: [tidingsTesting()] });
