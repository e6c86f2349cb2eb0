/**
 * The types of `tidings.config.ts`, and `defineConfig`. A publishing Worker bundles this file: it must not import zod.
 */
import type { Duration } from "../event/duration.ts";
import type { Retries } from "../handlers/retry-policy.ts";

/** The bindings that `wrangler types` found; any string before it has run. */
type BindingName = [keyof Cloudflare.Env] extends [never]
	? string
	: Extract<keyof Cloudflare.Env, string>;

export interface Config {
	/**
	 * Other Workers that have handlers, by a key of letters, digits, `_` and `-`. The ids of their handlers begin
	 * with this key: `mail/send-welcome`.
	 */
	subscribers?: Readonly<
		Record<
			string,
			{
				binding: BindingName;
				/**
				 * The apps of this Worker. It can have no others, and no other Worker can have these. Default: any app that
				 * no other Worker has.
				 */
				apps?: readonly string[];
			}
		>
	>;
	/** Settings of single handlers, by route id. They override what the handlers' code says. */
	routes?: Readonly<
		Record<
			string,
			{
				/** Event names and patterns that replace those of the handler's registration. */
				events?: string | readonly string[];
				/**
				 * The id of the handler to call. Default: the route's id. If routes name a handler, only they call it.
				 */
				handler?: string;
				retries?: Retries;
				/** Maximum duration of an attempt, at most 60 seconds. */
				timeout?: Duration;
			}
		>
	>;
	/** Apply to handlers and routes that set none of their own. */
	defaults?: {
		/** Default 10 retries, exponential from 5 seconds. */
		retries?: Retries;
		/** Default 5 seconds, at most 60. */
		timeout?: Duration;
	};
	/** Issuers of the tokens that subscribers to apps' events present, by their name in `events.json`: `@my-org/auth`. */
	issuers?: Issuers;
	/**
	 * The public URL of this Worker, such as `https://events.example.com`. Webhook URLs begin with it. Default
	 * `http://localhost:8787`.
	 */
	url?: string;
	/**
	 * Number of scheduler objects that share the scheduled events, 1 to 256. Default 4. It can be increased at any
	 * time. To decrease it, set `{ now: 4, before: 8 }`: new events are stored in 4 objects, and all 8 are still
	 * listed and monitored.
	 */
	shards?: number | { now: number; before: number };
	/**
	 * The parts of each event that are recorded, for `GET /v1/events`. `false` turns the journal off. Default: all events,
	 * with the first 2 048 bytes of the bodies of those that failed, for 7 days.
	 */
	journal?:
		| false
		| {
				/** Default `"all"`. `"failures"` records only events of which an attempt failed. */
				record?: "all" | "failures";
				/** Whose bodies are recorded. Default `"failed"`. */
				bodies?: "failed" | "all" | "none";
				/** Bytes of a recorded body, at most 65 536. A longer body is cut. Default 2 048. */
				maxBytes?: number;
				/** How long an entry is stored. Days end at midnight UTC. Default `"7 days"`. */
				retention?: Duration;
		  };
	retention?: {
		/**
		 * The message retention that the queues are set to. `/health` answers 503 when a message is older than half of
		 * it. Default `"14 days"`, which is also the maximum.
		 */
		queues?: Duration;
		/** How long a dead letter is stored after its last failure. Default `"90 days"`. */
		deadLetters?: Duration;
	};
}

/** An issuer of JSON Web Tokens. Set exactly one of `jwks`, `publicKey` and `secret`. */
export interface IssuerOptions {
	/** The exact `iss` claim of its tokens. */
	issuer: string;
	/** The `aud` claim. Of several, a token must contain one. Without it, tokens for any audience are accepted. */
	audience?: string | readonly string[];
	/** URL of its public keys: https, or http on this machine. */
	jwks?: string;
	/** Its only public key: PEM (`-----BEGIN PUBLIC KEY-----`), or a JWK as JSON. */
	publicKey?: string;
	/** Its signing secret, at least 32 bytes. */
	secret?: string;
	/**
	 * Signature algorithms. Default for keys: RS, PS and ES with 256, 384 and 512 bits, EdDSA and Ed25519. Default
	 * for a secret: HS256.
	 */
	algorithms?: readonly string[];
	/** Allowed difference between its clock and ours. Default 0. */
	clockTolerance?: Duration;
}

/** Issuers by the name that an event's `tokens` use, such as `@my-org/auth`. */
export type Issuers = Readonly<Record<string, IssuerOptions>>;

/**
 * Types `tidings.config.ts`. Pass the result to `worker(events, { config })`.
 *
 * @example
 * export default defineConfig({ subscribers: { mail: { binding: "MAIL" } } });
 */
export function defineConfig(config: Config): Config {
	return config;
}
