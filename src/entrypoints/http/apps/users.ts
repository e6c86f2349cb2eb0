/**
 * Authenticates calls on behalf of users: by a user's own token, or by an API key with the scope `admin` and tokens of
 * users. It verifies the token before the request is read.
 */
import type { AppIdentity } from "../../../apps/app-host.ts";
import type { AppPorts } from "../../../apps/app-ports.ts";
import { verifyTokens } from "../../../apps/tokens/tokens.ts";
import { bearerOf, type Caller, callerOf, requireScope } from "../keys.ts";

/**
 * Anything but an API key is a user's token.
 *
 * @throws HttpError `unauthorized`; RefusedError `invalid_token`; ForbiddenError for a key without the scope `admin`
 */
export async function userOf(
	request: Request,
	ports: AppPorts,
): Promise<Caller> {
	const token = bearerOf(request.headers.get("authorization") ?? undefined);
	if (token === undefined || token.startsWith("tid_")) {
		const caller = await callerOf(request);
		requireScope(caller, "admin");
		return caller;
	}
	const verified = await verifyTokens([token], ports.issuers, ports);
	const [issuer, { sub }] = [...verified][0] as [string, { sub?: unknown }];
	// Without a subject, the signature identifies the token.
	const id = `${issuer} ${typeof sub === "string" ? sub : token.slice(-43)}`;
	return {
		id: "",
		publish: [],
		read: false,
		admin: false,
		user: { token, id },
	};
}

/**
 * Returns the tokens of the users for whom a call is made.
 *
 * @throws ForbiddenError for a key without the scope `admin`
 */
export function tokensOf(
	caller: Caller,
	given: readonly string[] = [],
): readonly string[] {
	if (caller.user) return [caller.user.token, ...given];
	requireScope(caller, "admin");
	return given;
}

/** Returns the identity with which a call is made. @throws ForbiddenError for a key without the scope `admin` */
export function identityOf(
	app: string,
	caller: Caller,
	given?: readonly string[],
): AppIdentity {
	return {
		app,
		tokens: tokensOf(caller, given),
		isUser: caller.user !== undefined,
	};
}
