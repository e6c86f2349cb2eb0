/**
 * The actions that forms post to. An action is logged with its caller and ends with a redirect. If it is refused, or
 * its session has ended, the page shows the form again with what was typed.
 */
import { nameOf, requireScope } from "../entrypoints/http/keys.ts";
import { RefusedError } from "../event/errors.ts";
import { BODY_REQUEST_BYTES } from "../event/limits.ts";
import { checkPublisher } from "../event/permission.ts";
import { log } from "../platform/log.ts";
import { type Draft, readOwnForm, staleForm } from "./form.tsx";
import { callerIn, type DashboardApp, type PageContext } from "./view.ts";

/** An action that was carried out. */
interface Acted {
	/** The path to go to, below that of the dashboard. */
	to: string;
	/** What was done, and to what, for the log. */
	action: string;
	target: string;
}

/**
 * Registers an action. Nothing of the form is read of a caller who may not do it.
 *
 * @param needs `"publish"`: the caller may publish some event, and `act` checks which
 * @param redraw shows the form again. Without it, a draft ends on a page that only says what is wrong
 */
export function action(
	app: DashboardApp,
	path: string,
	needs: "admin" | "publish",
	act: (
		context: PageContext,
		fields: URLSearchParams,
	) => Promise<Acted | Response>,
	redraw?: (context: PageContext, draft: Draft) => Response | Promise<Response>,
): void {
	app.post(path, async (context) => {
		const caller = callerIn(context);
		if (needs === "admin") requireScope(caller, "admin");
		else checkPublisher(caller.publish, nameOf(caller));
		// An event of 256 KB may be a megabyte once it is percent-encoded.
		const { fields, isOfSession } =
			context.var.form ?? (await readOwnForm(context, BODY_REQUEST_BYTES));
		if (!isOfSession) {
			if (!redraw) throw staleForm();
			return redraw(context, { fields, wrong: staleForm(), status: 403 });
		}
		try {
			const acted = await act(context, fields);
			if (acted instanceof Response) return acted;
			const { to, action, target } = acted;
			log("dashboard_action", { action, target, by: caller.id });
			return context.redirect(context.var.view.base + to, 303);
		} catch (wrong) {
			if (!redraw || !(wrong instanceof RefusedError)) throw wrong;
			const isLate = /^(already|idempotency)_/.test(wrong.code);
			return redraw(context, { fields, wrong, status: isLate ? 409 : 422 });
		}
	});
}
