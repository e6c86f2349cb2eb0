/**
 * The form of every page that acts. It has a token that is bound to the visitor's cookie, so no other site can post it.
 * A form that is not carried out is a draft, which its page shows again. Nothing is carried out here.
 */
import type { PropsWithChildren } from "hono/jsx";
import { readForm } from "../entrypoints/http/input.ts";
import { HttpError } from "../entrypoints/http/problem.ts";
import type { Issue } from "../event/errors.ts";
import { isEqual, sign } from "./session.ts";
import { type PageContext, type PostedForm, useView } from "./view.ts";

const TOKEN = "token";

/** Separates these signatures from any other use of the cookie. */
const PURPOSE = "tidings dashboard form";

/** For a field that contains no prose. Hono would leave out `spellcheck={false}`. */
export const AS_TYPED: object = { autocomplete: "off", spellcheck: "false" };

/** The token of all forms of a visitor. */
export async function tokenOf(cookie: string): Promise<string> {
	return sign(Uint8Array.from(new TextEncoder().encode(cookie)), PURPOSE);
}

/** A form that posts to a path below that of the dashboard. */
export function Form({
	to,
	class: name,
	children,
}: PropsWithChildren<{ to: string; class?: string }>) {
	const { base, token } = useView();
	return (
		<form method="post" action={base + to} class={name}>
			<input type="hidden" name={TOKEN} value={token} />
			{children}
		</form>
	);
}

/**
 * Reads a form that a page of this dashboard has posted.
 *
 * @param limit in bytes
 * @throws HttpError `forbidden` if another site has posted the form
 */
export async function readOwnForm(
	{ req: { raw }, var: { view } }: PageContext,
	limit: number,
): Promise<PostedForm> {
	const origin = raw.headers.get("origin");
	const site = raw.headers.get("sec-fetch-site");
	const isForeign =
		(origin !== null && origin !== view.url.origin) ||
		(site !== null && site !== "same-origin");
	if (isForeign)
		throw new HttpError(
			"forbidden",
			"another site posted this form; nothing was done",
		);
	const fields = await readForm(raw, limit);
	const isOfSession = isEqual(fields.get(TOKEN) ?? "", view.token);
	fields.delete(TOKEN);
	return { fields, isOfSession };
}

/** The session of a form has ended. */
export function staleForm(): HttpError {
	return new HttpError(
		"forbidden",
		"the session of this form had ended, so nothing was done; check the form and send it again",
	);
}

/** A form that was not carried out. */
export interface Draft {
	/** What was typed. */
	fields: URLSearchParams;
	/** Why it was not carried out. */
	wrong: { code: string; message: string; issues?: readonly Issue[] };
	/** Of the answer. */
	status: 403 | 409 | 422;
}

/** Issues of a schema that are shown. */
const MOST_ISSUES = 10;

/** Says why a draft was not carried out. @param id for the `aria-describedby` of the field that is wrong */
export function Refusal({ wrong, id }: Pick<Draft, "wrong"> & { id?: string }) {
	const { message, issues = [] } = wrong;
	return (
		<div class="wrong" role="alert" id={id}>
			<p>{message}</p>
			{issues.length > 0 && (
				<ul>
					{issues.slice(0, MOST_ISSUES).map(({ path, message }) => (
						<li>
							<code>{path || "body"}</code> {message}
						</li>
					))}
				</ul>
			)}
		</div>
	);
}
