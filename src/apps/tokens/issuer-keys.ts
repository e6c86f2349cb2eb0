/**
 * Finds the keys of an issuer: in the configuration, or at its URL, with one fetch at a time. Keys are cached for ten
 * minutes, and failures for ten seconds. It reads no claims.
 */
import {
	createLocalJWKSet,
	createRemoteJWKSet,
	customFetch,
	errors,
	importSPKI,
	type JSONWebKeySet,
	type JWTPayload,
	type JWTVerifyGetKey,
	type JWTVerifyOptions,
	jwtVerify,
} from "jose";
import type { IssuerOptions } from "../../config/config.ts";
import { isPem } from "../../config/key-options.ts";
import { UnavailableError } from "../../event/errors.ts";
import { log } from "../../platform/log.ts";
import { pause, realTimer } from "../../platform/timer.ts";
import type { Ports } from "../../ports.ts";

/** Verifies a token. Tries several keys if the token has no `kid` that names one. */
export async function verify(
	token: string,
	keys: JWTVerifyGetKey,
	options: JWTVerifyOptions,
): Promise<JWTPayload> {
	try {
		return (await jwtVerify(token, keys, options)).payload;
	} catch (error) {
		if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
		for await (const key of error)
			try {
				return (await jwtVerify(token, key, options)).payload;
			} catch (failure) {
				if (!(failure instanceof errors.JWSSignatureVerificationFailed))
					throw failure;
			}
		throw new errors.JWSSignatureVerificationFailed();
	}
}

/** @param ports `fetch` replaces the platform's in tests */
export function keysOf(
	name: string,
	{ jwks, publicKey, secret }: IssuerOptions,
	ports: KeyPorts,
): JWTVerifyGetKey {
	if (jwks !== undefined) return remoteKeys(name, jwks, ports);
	if (publicKey === undefined) return () => new TextEncoder().encode(secret);
	const text = publicKey.trim();
	return isPem(text)
		? ({ alg }) => importSPKI(text, alg)
		: createLocalJWKSet({ keys: [JSON.parse(text)] });
}

export type KeyPorts = Pick<Ports, "clock"> & { fetch?: typeof fetch };

/** How long a key set is used, in milliseconds. */
const MAX_AGE = 600_000;

/** After a fetch, an unknown key fetches the set again only after this time, in milliseconds: it may be made up. */
const COOLDOWN = 30_000;

/** After a failed fetch, the next one waits so long, in milliseconds. */
const FAILURE_TTL = 10_000;

/** Timeout of a fetch, in milliseconds. */
const FETCH_TIME = 5_000;

/** How often a request checks whether the fetch of another one has ended, in milliseconds. */
const CHECK_INTERVAL = 20;

/** What is known of one URL. Times are epoch milliseconds. */
interface Known {
	set?: JSONWebKeySet;
	readAt: number;
	failedAt: number;
	/** Until then a request fetches the set. */
	fetchingUntil: number;
}

/** By URL. It contains no promise: a promise of one request may never settle in another. */
const known = new Map<string, Known>();

function remoteKeys(
	name: string,
	url: string,
	ports: KeyPorts,
): JWTVerifyGetKey {
	const { clock } = ports;
	const never = Number.NEGATIVE_INFINITY;
	const state: Known = known.get(url) ?? {
		readAt: never,
		failedAt: never,
		fetchingUntil: never,
	};
	known.set(url, state);
	const local = () => createLocalJWKSet(state.set ?? { keys: [] });

	async function refresh(): Promise<void> {
		const { readAt } = state;
		let checks = FETCH_TIME / CHECK_INTERVAL;
		// No await between the last check and the fetch: two requests would both find no other fetch.
		while (clock() < state.fetchingUntil && checks-- > 0)
			await pause(CHECK_INTERVAL, realTimer);
		if (state.readAt > readAt) return;
		const isPaused =
			clock() < state.fetchingUntil || clock() < state.failedAt + FAILURE_TTL;
		try {
			if (!isPaused) return await read(url, state, ports);
		} catch (error) {
			// The URL is for the log only: anybody may send a token.
			log("issuer_keys_unreadable", { issuer: name, url, error });
		}
		throw new UnavailableError(
			`the keys of ${name} cannot be read; try again later`,
		);
	}

	return async (header, token) => {
		if (clock() >= state.readAt + MAX_AGE) await refresh();
		try {
			return await local()(header, token);
		} catch (error) {
			const isUnknown = error instanceof errors.JWKSNoMatchingKey;
			if (!isUnknown || clock() < state.readAt + COOLDOWN) throw error;
		}
		await refresh();
		return local()(header, token);
	};
}

/** Fetches the set. Marks first that it fetches. */
async function read(
	url: string,
	state: Known,
	{ clock, fetch }: KeyPorts,
): Promise<void> {
	state.fetchingUntil = clock() + FETCH_TIME;
	try {
		const remote = createRemoteJWKSet(new URL(url), {
			timeoutDuration: FETCH_TIME,
			...(fetch && { [customFetch]: fetch }),
		});
		await remote.reload();
		const set = remote.jwks();
		if (set) Object.assign(state, { set, readAt: clock() });
	} catch (error) {
		state.failedAt = clock();
		throw error;
	} finally {
		state.fetchingUntil = Number.NEGATIVE_INFINITY;
	}
}
