/** Who handles the events besides this Worker. A binding that is named here is in `wrangler.toml`. */
import { defineConfig } from "tidings";

export default defineConfig({
	subscribers: { mail: { binding: "MAIL" } },
});
