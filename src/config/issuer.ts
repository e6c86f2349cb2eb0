/**
 * Validates the issuers of `tidings.config.ts`. Its messages never contain an object, because a secret may be in the
 * wrong place.
 */
import * as z from "zod";
import { milliseconds } from "../event/duration.ts";
import { isText, show } from "../event/validation.ts";
import { checked, describePrivately } from "../event/zod-errors.ts";
import type { IssuerOptions, Issuers } from "./config.ts";
import { JwksSchema, PublicKeySchema, SecretSchema } from "./key-options.ts";

/** An algorithm for a secret must never be accepted for a public key: everybody who has the key could sign. */
const KEY_ALGORITHMS = [
	"RS256",
	"RS384",
	"RS512",
	"PS256",
	"PS384",
	"PS512",
	"ES256",
	"ES384",
	"ES512",
	"EdDSA",
	"Ed25519",
];
const SECRET_ALGORITHMS = ["HS256", "HS384", "HS512"];

const KEY_OPTIONS = ["jwks", "publicKey", "secret"] as const;

const NAME = /^@[A-Za-z0-9_-]+\/[A-Za-z0-9._-]+$/;

/** Whether it has the form `@scope/name` of issuers and apps. */
export function isScopedName(value: unknown): value is string {
	return typeof value === "string" && NAME.test(value) && value.length <= 100;
}

const IssSchema = z.custom<string>(isText, {
	error: ({ input }) =>
		`${input === undefined ? "required" : `${show(input)} is not a text`}; give the iss claim of its tokens`,
});

const AudienceSchema = z.custom<string | readonly string[]>(
	(audience) => {
		const all = [audience].flat();
		return all.length > 0 && all.every(isText);
	},
	{
		error: ({ input }) =>
			`${show(input)} is not an audience; give a text or a list of texts`,
	},
);

function checkAlgorithms({ algorithms, secret }: IssuerOptions): void {
	const isKey = secret === undefined;
	const allowed = isKey ? KEY_ALGORITHMS : SECRET_ALGORITHMS;
	if (
		!Array.isArray(algorithms) ||
		algorithms.length === 0 ||
		!algorithms.every((algorithm) => allowed.includes(algorithm))
	)
		throw new TypeError(
			`${show(algorithms)} is not a list of algorithms for ${isKey ? "a key" : "a secret"}; use ${allowed.join(", ")}`,
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
		{ error: describePrivately },
	)
	.transform((options) => options as IssuerOptions)
	.superRefine((options, context) => {
		const given = KEY_OPTIONS.filter((key) => options[key] !== undefined);
		if (given.length !== 1)
			context.addIssue(
				`${given.length === 0 ? "there is no key (an environment variable that is not set gives none)" : `there are ${given.join(" and ")}`}; give exactly one of ${KEY_OPTIONS.join(", ")}`,
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
				isScopedName,
				'an issuer\'s name must be "@scope/name", at most 100 characters',
			),
		IssuerSchema,
		{ error: describePrivately },
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
