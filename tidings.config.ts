/** What this repository's Worker dispatches to: other Workers that bring handlers, and routes to them. None yet. */
import { defineConfig } from "tidings";

export default defineConfig({});
