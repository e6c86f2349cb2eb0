/** Who calls on behalf of users: a user, whose own token is the bearer, or a key with the scope `admin` and users' tokens. */
import type { AppIdentity } from "../../apps/app-host.ts";
import { authenticate, type Caller, requireScope } from "./keys.ts";

/** Whoever shows a user's token is let as far as the step that verifies it. */
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

/** The tokens that a call is made under. @throws ForbiddenError for a key without the scope `admin` */
export function tokensOf(
	caller: Caller,
	given: readonly string[] = [],
): readonly string[] {
	if (caller.token !== undefined) return [caller.token, ...given];
	requireScope(caller, "admin");
	return given;
}

/** In whose name a call is made. @throws ForbiddenError for a key without the scope `admin` */
export function inNameOfCaller(
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
