/** Breaks of the doors: nobody comes in without a right, and an error tells what it may. */
import type { Break } from "./break.ts";

const KEYS = "src/entrypoints/http/keys.ts";
const RPC = "src/entrypoints/rpc.ts";

export const DOORS: readonly Break[] = [
	{
		why: "a right to publish is compared by prefix",
		file: "src/contract/rights.ts",
		from: "right.some((pattern) => matches(pattern, name))",
		to: 'right.some((pattern) => name.startsWith(pattern.replace(/[.*]+$/, "")))',
	},
	{
		why: "an empty list of rights gives every right",
		file: "src/contract/rights.ts",
		from: 'if (right === "all") return true;',
		to: 'if (right === "all" || right.length === 0) return true;',
	},
	{
		why: "keys are compared by the start of their digests",
		file: KEYS,
		from: "crypto.subtle.timingSafeEqual(digest, bytesOf(key.digest))",
		to: "crypto.subtle.timingSafeEqual(digest.slice(0, 8), bytesOf(key.digest).slice(0, 8))",
	},
	{
		why: "keys are found by the start of their ids",
		file: KEYS,
		from: "known.id === id",
		to: 'known.id.startsWith(id ?? "")',
	},
	{
		why: "a key that may publish may read",
		file: KEYS,
		from: 'read: admin || scopes.includes("read"),',
		to: 'read: admin || scopes.includes("read") || scopes.includes("publish"),',
	},
	{
		why: "a key that may publish one event may publish all",
		file: KEYS,
		from: 'admin || scopes.includes("publish") ? "all" : patterns',
		to: 'admin || scopes.some((scope) => scope.startsWith("publish")) ? "all" : patterns',
	},
	{
		why: "a request without a key comes in",
		file: "src/entrypoints/http/app.ts",
		from: 'app.use("/v1/*",',
		to: 'app.use("/v1/none",',
	},
	{
		why: "whoever may read may discard",
		file: "src/entrypoints/http/dead-letters.ts",
		from: `		async DELETE(context) {
			requireScope(context.var.caller, "admin");`,
		to: `		async DELETE(context) {
			requireScope(context.var.caller, "read");`,
	},
	{
		why: "whoever has a key may cancel any event over HTTP",
		file: "src/entrypoints/http/scheduled.ts",
		from: "found(await cancel(id, owner, by), gone(id));",
		to: "found(await cancel(id, owner), gone(id));",
	},
	{
		why: "whoever has the binding may cancel any event",
		file: RPC,
		from: "return cancel(id, owner, this.#mover());",
		to: "return cancel(id, owner);",
	},
	{
		why: "props that are not as they should be give every right",
		file: RPC,
		from: `				: [];`,
		to: `				: "all";`,
	},
	{
		why: "a problem document tells what an inner error said",
		file: "src/entrypoints/http/problem.ts",
		from: 'respond(500, "internal", "the request failed; the log says why")',
		to: 'respond(500, "internal", message)',
	},
	{
		why: "health tells its figures to whoever asks",
		file: "src/entrypoints/http/health.ts",
		from: "shown === undefined ? { status: health.status } : health,",
		to: "health,",
	},
	{
		why: "a queue is late only when its messages are lost already",
		file: "src/entrypoints/http/health.ts",
		from: "now - oldestMessageAt > retention / 2",
		to: "now - oldestMessageAt > retention",
	},
	{
		why: "a request is read without a limit",
		file: "src/entrypoints/http/input.ts",
		from: "if (bytes > REQUEST_BYTES)",
		to: "if (bytes > Number.MAX_SAFE_INTEGER)",
	},
	{
		why: "bytes that are no UTF-8 are replaced without a word",
		file: "src/entrypoints/http/input.ts",
		from: "fatal: true",
		to: "fatal: false",
	},
	{
		why: "events in a queue that is not named go to the user's own handler",
		file: "src/worker.ts",
		from: "if (own.queue && !hasEvents) return",
		to: "if (own.queue) return",
	},
	{
		why: "a path of the user's that begins like ours is taken from them",
		file: "src/worker.ts",
		from: "pathname === prefix + path ||",
		to: "pathname.startsWith(prefix + path) ||",
	},
	{
		why: "an error that crossed a binding has lost its class",
		file: "src/transport.ts",
		from: "throw reviveError(error);",
		to: "throw error;",
	},
];
