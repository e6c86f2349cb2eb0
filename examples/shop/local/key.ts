/** An API key for this machine only: it is public, so no deployed Worker may know it. */
import { createHash } from "node:crypto";

export const LOCAL_KEY =
	"tid_local_for-development-on-this-machine-only-AAAAAA";

/** The value of `API_KEYS` that lets it in. */
export const LOCAL_API_KEYS = JSON.stringify([
	{
		id: "local",
		scopes: ["admin"],
		digest: createHash("sha256").update(LOCAL_KEY).digest("hex"),
	},
]);
