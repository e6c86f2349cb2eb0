/** Plays the organization that users sign in to: it issues their tokens. */
import { SignJWT } from "jose";

/** For local use only. It is public: no deployed Worker may accept tokens signed with it. */
export const LOCAL_SECRET = "for development on this machine only";

/** Issues a token of `@my-org/auth`, valid for an hour. */
export async function tokenOf(
	account: { accountId: string; email: string },
	secret = LOCAL_SECRET,
): Promise<string> {
	return new SignJWT({ account })
		.setProtectedHeader({ alg: "HS256" })
		.setIssuer("https://auth.my-org.example")
		.setAudience("inbox")
		.setExpirationTime("1 hour")
		.sign(new TextEncoder().encode(secret));
}
