/** Verifies the JWT that Cloudflare Access adds to each request. It knows no sessions. */
import { errors } from "jose";
import { keysOf, verify } from "../apps/tokens/issuer-keys.ts";
import { type Caller, permissionsOf } from "../entrypoints/http/keys.ts";
import { HttpError } from "../entrypoints/http/problem.ts";
import { isText } from "../event/validation.ts";
import type { Ports } from "../ports.ts";
import type { AccessOptions } from "./host.ts";

const HEADER = "cf-access-jwt-assertion";

/** Returns a function that identifies the caller of a request. It throws HttpError `unauthorized`, or UnavailableError. */
export function accessVerifier(
	{ team, audience, role = "read" }: AccessOptions,
	ports: Pick<Ports, "clock">,
): (request: Request) => Promise<Caller> {
	const issuer = `https://${team}.cloudflareaccess.com`;
	const jwks = `${issuer}/cdn-cgi/access/certs`;
	const keys = keysOf("Cloudflare Access", { issuer, jwks }, ports);

	return async ({ headers }) => {
		const token = headers.get(HEADER);
		if (token === null)
			throw new HttpError(
				"unauthorized",
				"the request did not come through Cloudflare Access; protect this path with an Access application",
			);
		try {
			const { email, common_name, sub } = await verify(token, keys, {
				...{ issuer, audience, algorithms: ["RS256"] },
				currentDate: new Date(ports.clock()),
				requiredClaims: ["exp"],
			});
			// A person has an address, a service token has a common name.
			const name = [email, common_name, sub].find(isText) ?? "unknown";
			// The id of a key has no colon: in the log and the journal, a person is never taken for a key.
			return permissionsOf({ id: `access:${name}`, scopes: [role] });
		} catch (error) {
			if (!(error instanceof errors.JOSEError)) throw error;
			throw new HttpError(
				"unauthorized",
				"the token of Cloudflare Access is not valid; check team and audience in dashboard({ access }), or sign in again",
			);
		}
	};
}
