/** Plays the organisation that users sign in to: it gives each of them a token that says who they are. */
import { SignJWT } from "jose";

/** For this machine only: it is public, so no deployed Worker may take what it signs. */
export const LOCAL_SECRET = "for development on this machine only";

/** A token as `@my-org/auth` issues it, for an hour. */
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
