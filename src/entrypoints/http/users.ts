/**
 * Authenticates calls on behalf of users: by a user's own token, or by an API key with the scope `admin` and tokens of
 * users. It does not verify users' tokens; `apps/tokens/tokens.ts` does.
 */
import type { AppIdentity } from "../../apps/app-host.ts";
import { authenticate, type Caller, requireScope } from "./keys.ts";

/** Accepts anything in the form of a JWT. The step that uses the token verifies it. */
export async function authenticateUser(
	authorization: string | undefined,
	secret: unknown,
): Promise<Caller> {
	const [, token] =
		/^Bearer +([^\s.]+\.[^\s.]+\.[^\s.]+)$/i.exec(authorization ?? "") ?? [];
	return token === undefined
		? authenticate(authorization, secret)
		: { id: "", publish: [], read: false, admin: false, token };
}

/** Returns the tokens of the users for whom a call is made. @throws ForbiddenError for a key without the scope `admin` */
export function tokensOf(
	caller: Caller,
	given: readonly string[] = [],
): readonly string[] {
	if (caller.token !== undefined) return [caller.token, ...given];
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
		isUser: caller.token !== undefined,
	};
}
