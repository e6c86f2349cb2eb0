/** The sign-in with an API key, and the sign-out. */

import { HttpError } from "../../entrypoints/http/problem.ts";
import { limitSignIn } from "../../entrypoints/http/rate-limit.ts";
import { REQUEST_BYTES } from "../../event/limits.ts";
import { log } from "../../platform/log.ts";
import { render } from "../components/layout.tsx";
import { Form, postedForm } from "../form.tsx";
import type { DashboardHost } from "../host.ts";
import { type PageContext, type Pages, useView } from "../view.ts";
import { signIn, signOut } from "../visitor.ts";

export function signInRoutes(app: Pages, { ports, path }: DashboardHost): void {
	app.post("/sign-in", async (context) => {
		await limitSignIn(context.req.raw);
		const form = await postedForm(context, REQUEST_BYTES);
		const next = pathIn(form.get("next"), context, path);
		try {
			const key = (form.get("key") ?? "").trim();
			const caller = await signIn(context, path, key, ports.clock());
			if (caller.read) {
				log("dashboard_signed_in", { by: caller.id });
				return context.redirect(next, 303);
			}
			log("dashboard_sign_in_failed", { by: caller.id });
			return signInPage(
				...([
					context,
					'This key has neither "read" nor "admin".',
					next,
				] as const),
			);
		} catch (error) {
			if (!(error instanceof HttpError)) throw error;
			log("dashboard_sign_in_failed");
			return signInPage(context, "This key is not valid.", next);
		}
	});

	app.post("/sign-out", async (context) => {
		await postedForm(context, REQUEST_BYTES);
		signOut(context, path);
		return context.redirect(`${path}/`, 303);
	});
}

/** Only a page of this dashboard: a link must not lead a visitor elsewhere after the sign-in. */
function pathIn(
	next: string | null,
	{ req }: PageContext,
	path: string,
): string {
	const home = `${path}/`;
	if (next === null || !next.startsWith(home) || !URL.canParse(next, req.url))
		return home;
	const { origin, pathname, search } = new URL(next, req.url);
	// A path that begins with two slashes is the address of another host.
	const isOurs =
		origin === new URL(req.url).origin &&
		pathname.startsWith(home) &&
		!pathname.startsWith("//");
	return isOurs ? pathname + search : home;
}

/** Answers with the sign-in, at the address that the visitor wants to see. */
export function signInPage(
	context: PageContext,
	wrong?: string,
	next?: string,
) {
	const { base, url } = context.var.view;
	const here =
		context.req.method === "GET" ? url.pathname + url.search : `${base}/`;
	return render(
		...([
			context,
			"Sign in",
			<SignIn wrong={wrong} next={next ?? here} />,
		] as const),
		401,
	);
}

function SignIn({ wrong, next }: { wrong: string | undefined; next: string }) {
	const { base, assets } = useView();
	return (
		<main class="gate" id="content">
			<span class="brand">
				<img src={base + assets.icon} alt="" width="26" height="26" />
				Tidings
			</span>
			<div class="card">
				<h1>Sign in</h1>
				<Form to="/sign-in">
					<input type="hidden" name="next" value={next} />
					<div class="field">
						<label for="key">API key</label>
						<input
							{...{ id: "key", name: "key", type: "password", required: true }}
							{...{ autocomplete: "current-password" }}
							placeholder="tid_…"
							aria-describedby={wrong === undefined ? "hint" : "wrong"}
						/>
					</div>
					{wrong !== undefined && (
						<p class="wrong" id="wrong" role="alert">
							{wrong}
						</p>
					)}
					<button class="main" type="submit">
						Sign in
					</button>
				</Form>
				<p class="muted" id="hint">
					A key with the scope <code>read</code> or <code>admin</code>. Create
					one with <code>npx tidings key</code>.
				</p>
			</div>
		</main>
	);
}
