/** The other Workers that have handlers. `wrangler.toml` declares the bindings. */
import { defineConfig } from "tidings";

export default defineConfig({
	subscribers: { mail: { binding: "MAIL" } },
});
