/** An API key for local use only. It is public: no deployed Worker may accept it. */
import { createHash } from "node:crypto";

export const LOCAL_KEY =
	"tid_local_for-development-on-this-machine-only-AAAAAA";

/** The value of `API_KEYS` that admits it. */
export const LOCAL_API_KEYS = JSON.stringify([
	{
		id: "local",
		scopes: ["admin"],
		digest: createHash("sha256").update(LOCAL_KEY).digest("hex"),
	},
]);
