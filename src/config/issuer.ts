/**
 * Validates the issuers of `tidings.config.ts`. Its messages never contain an object, a key or a secret, and it
 * fetches no keys.
 */
import * as z from "zod";
import { milliseconds } from "../event/duration.ts";
import { checked, show } from "../event/zod-errors.ts";
import type { IssuerOptions, Issuers } from "./config.ts";

/** An algorithm for a secret must never be accepted for a public key: everybody who has the key could sign. */
const KEY_ALGORITHMS = [
	...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
	...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
const SECRET_ALGORITHMS = ["HS256", "HS384", "HS512"];

/** RFC 7518, 3.2: a secret shorter than the hash can be guessed from one token. */
const MIN_SECRET_BYTES = 32;

const KEY_OPTIONS = ["jwks", "publicKey", "secret"] as const;

const NAME = /^@[A-Za-z0-9_-]+\/[A-Za-z0-9._-]+$/;

function isText(value: unknown): value is string {
	return typeof value === "string" && value !== "";
}

const IssSchema = z.custom<string>(isText, {
	error: ({ input }) =>
		`${input === undefined ? "required" : `${show(input)} is not a text`}: give the iss claim of its tokens`,
});

const AudienceSchema = z.custom<string | readonly string[]>(
	(audience) => {
		const all = [audience].flat();
		return all.length > 0 && all.every(isText);
	},
	{
		error: ({ input }) =>
			`${show(input)} is not an audience: give a text or a list of texts`,
	},
);

/** Rejects plain http: anybody on the network path could replace the keys. */
const JwksSchema = z.custom<string>(
	(jwks) => {
		if (!isText(jwks) || !URL.canParse(jwks)) return false;
		const { protocol, hostname } = new URL(jwks);
		const isLocal = /^(localhost|.*\.localhost|127\.0\.0\.1|\[::1\])$/.test(
			hostname,
		);
		return protocol === "https:" || (protocol === "http:" && isLocal);
	},
	{
		error: ({ input }) =>
			`${show(input)} is not an https URL: give the address of its JSON Web Key Set`,
	},
);

const PublicKeySchema = checked((key) => {
	const text = typeof key === "string" ? key.trim() : "";
	if (isPem(text)) return key as string;
	const jwk = jwkOf(text);
	if (jwk?.d !== undefined || /PRIVATE KEY/.test(text))
		throw new TypeError("this is a private key: give the public key");
	if (["RSA", "EC", "OKP"].includes(String(jwk?.kty))) return key as string;
	throw new TypeError(
		"this is not a public key: give PEM (-----BEGIN PUBLIC KEY-----) or a public JWK as JSON",
	);
});

/** Whether the text of a public key is PEM. If not, it is a JWK. */
export function isPem(text: string): boolean {
	return /^-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----$/.test(
		text,
	);
}

function jwkOf(text: string): { kty?: unknown; d?: unknown } | undefined {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

const SecretSchema = checked((secret) => {
	const bytes = isText(secret) ? new TextEncoder().encode(secret).length : 0;
	if (bytes >= MIN_SECRET_BYTES) return secret as string;
	throw new TypeError(
		`this is ${isText(secret) ? `${bytes} bytes long` : "not a text"}: give at least ${MIN_SECRET_BYTES} bytes, because a shorter secret can be guessed`,
	);
});

function checkAlgorithms({ algorithms, secret }: IssuerOptions): void {
	const isKey = secret === undefined;
	const allowed = isKey ? KEY_ALGORITHMS : SECRET_ALGORITHMS;
	if (
		!Array.isArray(algorithms) ||
		algorithms.length === 0 ||
		!algorithms.every((algorithm) => allowed.includes(algorithm))
	)
		throw new TypeError(
			`${show(algorithms)} is not a list of algorithms for ${isKey ? "a key" : "a secret"}: use ${allowed.join(", ")}`,
		);
}

const IssuerSchema = z
	.strictObject(
		{
			issuer: IssSchema,
			audience: AudienceSchema.optional(),
			jwks: JwksSchema.optional(),
			publicKey: PublicKeySchema.optional(),
			secret: SecretSchema.optional(),
			algorithms: z.unknown().optional(),
			clockTolerance: checked((clockTolerance) => {
				toleranceSeconds({ clockTolerance } as IssuerOptions);
				return clockTolerance;
			}).optional(),
		} satisfies Record<keyof IssuerOptions, z.ZodType>,
		{ error: withoutValue },
	)
	.transform((options) => options as IssuerOptions)
	.superRefine((options, context) => {
		const given = KEY_OPTIONS.filter((key) => options[key] !== undefined);
		if (given.length !== 1)
			context.addIssue(
				`${given.length === 0 ? "there is no key (an environment variable that is not set gives none)" : `there are ${given.join(" and ")}`}: give exactly one of ${KEY_OPTIONS.join(", ")}`,
			);
		if (options.algorithms !== undefined)
			try {
				checkAlgorithms(options);
			} catch (error) {
				const { message } = error as Error;
				context.addIssue({ code: "custom", path: ["algorithms"], message });
			}
	});

export const IssuersSchema = z
	.record(
		z
			.string()
			.refine(
				(name) => NAME.test(name) && name.length <= 100,
				'an issuer\'s name must be "@scope/name", at most 100 characters',
			),
		IssuerSchema,
		{ error: withoutValue },
	)
	.superRefine((issuers, context) => {
		const names = new Map<string, string>();
		for (const [name, { issuer }] of Object.entries(issuers)) {
			const other = names.get(issuer);
			if (other !== undefined)
				context.addIssue({
					code: "custom",
					path: [name, "issuer"],
					message: `${show(issuer)} is already the issuer of ${other}: its tokens would belong to both names`,
				});
			names.set(issuer, name);
		}
	})
	.transform((issuers): Issuers => issuers);

/** Hides the value: a secret may be in the wrong place. */
function withoutValue({ code }: { code?: string }): string | undefined {
	return code === "invalid_type" ? "expected an object" : undefined;
}

/** The algorithms that its tokens may be signed with: never `none`, and never one for secrets if it has a key. */
export function algorithmsOf(options: IssuerOptions): string[] {
	const { algorithms, secret } = options;
	return [
		...(algorithms ?? (secret === undefined ? KEY_ALGORITHMS : ["HS256"])),
	];
}

/** @throws RangeError for a clock tolerance that is not a duration */
export function toleranceSeconds({
	clockTolerance = 0,
}: IssuerOptions): number {
	return clockTolerance === 0
		? 0
		: milliseconds(clockTolerance, "clockTolerance") / 1_000;
}
