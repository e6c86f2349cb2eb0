/** The environment of this Worker: bindings and vars. Only `platform/` reads it. */
import { env, tracing, waitUntil } from "cloudflare:workers";
import { UnavailableError } from "../event/errors.ts";
import { log } from "./log.ts";

/** Finds a binding or a var of this Worker. */
export function binding<Value>(name: string): Value | undefined {
	return (env as unknown as Record<string, Value | undefined>)[name];
}

/** The whole environment, for functions that a user writes. */
export function environment(): Cloudflare.Env {
	return env as Cloudflare.Env;
}

/** Whether this Worker owns the events: it has a binding of their queue. */
export function ownsEvents(): boolean {
	return "EVENTS_QUEUE" in env;
}

/** Lets a promise that never rejects outlive the response, or the batch. */
export function background(work: Promise<void>): void {
	try {
		waitUntil(work);
	} catch {
		// Outside of a request nothing ends that could cancel it.
	}
}

/** Whether this is a deployed build. wrangler replaces the expression: `wrangler dev` by "development". */
export function isDeployed(): boolean {
	return process.env.NODE_ENV === "production";
}

/** Whether a compatibility flag is set, by its name or by the compatibility date. */
export function hasCompatibilityFlag(name: string): boolean {
	return Cloudflare.compatibilityFlags[name] === true;
}

/** Whether this is certainly a build of `wrangler dev`. A build by another bundler is neither this nor deployed. */
export function isDevelopment(): boolean {
	return process.env.NODE_ENV === "development";
}

/** The version of this Worker, if it has the binding `CF_VERSION_METADATA`. */
export function currentVersion(): WorkerVersionMetadata | undefined {
	return binding<WorkerVersionMetadata>("CF_VERSION_METADATA");
}

/** Whether `npx tidings dev` runs this Worker, and shows its transitions. */
export function isTraced(): boolean {
	return (
		process.env.NODE_ENV === "development" &&
		binding("TIDINGS_TRACE") !== undefined
	);
}

/** How long the value of a Secrets Store secret is cached, in milliseconds; longer while the store fails. */
const SECRET_TTL = 60_000;

const secrets = new Map<string, { until: number; value: string }>();

/**
 * Reads a secret: a secret of the Worker, or a binding of the Secrets Store.
 *
 * @throws UnavailableError if the store does not answer
 */
export async function secret(name: string): Promise<string | undefined> {
	const bound = binding<string | SecretsStoreSecret>(name);
	if (typeof bound === "string" || typeof bound?.get !== "function")
		return bound as string | undefined;
	const cached = secrets.get(name);
	if (cached && Date.now() < cached.until) return cached.value;
	try {
		const value = await bound.get();
		secrets.set(name, { until: Date.now() + SECRET_TTL, value });
		return value;
	} catch (cause) {
		if (cached) return cached.value;
		log("secret_unreadable", { secret: name, error: cause });
		throw new UnavailableError(`the secret ${name} cannot be read; try again`, {
			cause,
		});
	}
}

/** An HMAC-SHA256 is as strong as its key, up to 32 bytes. */
const SHORTEST_SECRET = 32;

/**
 * The values of `TIDINGS_CALL_SECRET`, separated by commas: the owner signs its calls of other Workers with the first,
 * and these accept all. None if it is not set.
 *
 * @throws Error for a value that is too short: it would protect nothing
 */
export function callSecrets(): readonly string[] {
	const secret = binding<unknown>("TIDINGS_CALL_SECRET");
	if (secret === undefined) return [];
	const secrets = `${secret}`.split(",").map((one) => one.trim());
	if (secrets.every(({ length }) => length >= SHORTEST_SECRET)) return secrets;
	throw new Error(
		`tidings: TIDINGS_CALL_SECRET has fewer than ${SHORTEST_SECRET} characters; use openssl rand -base64 32`,
	);
}

/** Returns the W3C trace context of the active span; undefined if the request is not traced. */
export function activeTrace(): string | undefined {
	const span = tracing.getActiveSpan?.();
	// The span of an older runtime does not have its ids.
	if (!span?.isTraced || !span.spanContext) return undefined;
	const { traceId, spanId, traceFlags } = span.spanContext();
	const flags = traceFlags.toString(16).padStart(2, "0");
	return `00-${traceId}-${spanId}-${flags}`;
}
