/** Breaks of what is signed: a token or a hook that its sender did not sign has no way in. */
import type { Break } from "./break.ts";

const ISSUER = "src/contract/issuer.ts";
const KEYS = "src/apps/issuer-keys.ts";
const TOKENS = "src/apps/tokens.ts";
const VERIFY = "src/dialects/apps/verify.ts";

export const SIGNED: readonly Break[] = [
	{
		why: "a public key's text serves as a secret",
		file: ISSUER,
		from: "const BY_KEY = [",
		to: 'const BY_KEY = ["HS256",',
	},
	{
		why: "keys come over plain http",
		file: ISSUER,
		from: 'url?.protocol === "https:" ||',
		to: 'url?.protocol === "https:" || url?.protocol === "http:" ||',
	},
	{
		why: "the claims of a token are taken as they are said",
		file: TOKENS,
		from: "return await verify(token, keysOf(name, options, ports.fetch), {",
		to: "return decodeJwt(token); await verify(token, keysOf(name, options, ports.fetch), {",
	},
	{
		why: "a token may be for anybody",
		file: TOKENS,
		from: "...(audience !== undefined && { audience: [audience].flat() }),",
		to: "",
	},
	{
		why: "a token need not expire",
		file: TOKENS,
		from: 'requiredClaims: ["exp"],',
		to: "",
	},
	{
		why: "tokens are held to another clock than ours",
		file: TOKENS,
		from: "currentDate: new Date(ports.clock()),",
		to: "",
	},
	{
		why: "two people's claims make one key",
		file: TOKENS,
		from: "if (differing !== undefined)",
		to: "if (differing === null)",
	},
	{
		why: "keys that cannot be fetched are the token's fault",
		file: TOKENS,
		from: "if (error instanceof UnavailableError) throw error;",
		to: "",
	},
	{
		why: "an issuer is asked for its keys with each token",
		file: KEYS,
		from: "[jwksCache]: answer,",
		to: "",
	},
	{
		why: "an issuer is asked for its keys with each key that is made up",
		file: KEYS,
		from: "cooldownDuration: 30_000,",
		to: "cooldownDuration: 0,",
	},
	{
		why: "only the first of several keys is tried",
		file: KEYS,
		from: "if (!(failure instanceof errors.JWSSignatureVerificationFailed))",
		to: "",
	},
	{
		why: "a hook without a secret lets everybody in",
		file: VERIFY,
		from: 'if (typeof text === "string" && text !== "") return text;',
		to: "return String(text);",
	},
	{
		why: "a hook's signature is compared by its start",
		file: VERIFY,
		from: "one.length === other.length && crypto.subtle.timingSafeEqual(one, other)",
		to: 'shown !== "" && expected.startsWith(shown)',
	},
	{
		why: "a hook that was signed long ago comes in",
		file: VERIFY,
		from: "return Math.abs(Math.floor(now / 1_000) - Number(timestamp)) <= tolerance;",
		to: "return Number(timestamp) - now / 1_000 <= tolerance;",
	},
	{
		why: "the time of Stripe's signature is not signed",
		file: VERIFY,
		from: `await signatureOf(key, \`\${timestamp}.\`, bytes)`,
		to: 'await signatureOf(key, "", bytes)',
	},
];
