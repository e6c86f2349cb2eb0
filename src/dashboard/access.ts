/**
 * Entry point `tidings/dashboard/access`: verifies the JWT that Cloudflare Access adds to each request. Only a Worker
 * that imports it bundles it. It knows no sessions.
 */
import { errors } from "jose";
import { keysOf, verify } from "../apps/tokens/issuer-keys.ts";
import { permissionsOf } from "../entrypoints/http/keys.ts";
import { HttpError } from "../entrypoints/http/problem.ts";
import { RefusedError } from "../event/errors.ts";
import { isText, rejectUnknownKeys, show } from "../event/validation.ts";
import type { Access } from "./host.ts";

export interface AccessOptions {
	/** The name of the team: `acme` of `acme.cloudflareaccess.com`. */
	team: string;
	/** The audience tag of the Access application. */
	audience: string;
	/** What everybody whom Access lets through may do. Default `"read"`. */
	role?: "read" | "admin";
}

const HEADER = "cf-access-jwt-assertion";

/**
 * Signs in whom Cloudflare Access has let through, for `dashboard({ access: access({ team, audience }) })`.
 *
 * @throws RefusedError `invalid_request` for an unknown option, an invalid team, audience or role
 * @example
 * dashboard({ access: access({ team: "acme", audience: "f1c0…" }) });
 */
export function access(options: AccessOptions): Access {
	check(options);
	const { team, audience, role = "read" } = options;
	const issuer = `https://${team}.cloudflareaccess.com`;
	const jwks = `${issuer}/cdn-cgi/access/certs`;

	return (ports) => {
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
					issuer,
					audience,
					algorithms: ["RS256"],
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
					"the token of Cloudflare Access is not valid; check team and audience in access({ … }), or sign in again",
				);
			}
		};
	};
}

function check(options: AccessOptions): void {
	rejectUnknownKeys("access", options, ["team", "audience", "role"]);
	const { team, audience, role = "read" } = options;
	if (typeof team !== "string" || !/^[a-z0-9-]{1,63}$/.test(team))
		throw refused(
			`team ${show(team)} is not the name of a team; use acme for acme.cloudflareaccess.com`,
		);
	if (!isText(audience))
		throw refused(
			`audience ${show(audience)} is not an audience; give the AUD tag of the Access application`,
		);
	if (role !== "read" && role !== "admin")
		throw refused(`role ${show(role)} is unknown; use read or admin`);
}

function refused(why: string): RefusedError {
	return new RefusedError("invalid_request", `access: ${why}`);
}
