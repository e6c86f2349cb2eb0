/** The pages of an error and of a path that does not exist. They show what the HTTP API would answer. */
import { problem, requestFields } from "../../entrypoints/http/problem.ts";
import { show } from "../../event/validation.ts";
import { render } from "../components/layout.tsx";
import { isStream, noUpdates, signedOut } from "../live.tsx";
import { type PageContext, useView } from "../view.ts";

/** The members of a problem document that a page shows. */
interface Answer {
	title: string;
	detail: string;
	status: number;
}

export async function problemPage(error: unknown, context: PageContext) {
	const answer = problem(error, requestFields(context));
	if (isStream(context))
		return answer.status === 401 ? signedOut(context) : noUpdates(context);
	const { title, detail, status } = await answer.json<Answer>();
	const retryAfter = answer.headers.get("retry-after");
	if (retryAfter !== null) context.header("retry-after", retryAfter);
	// Before the view exists, a limit or the platform has failed.
	const isPart = context.req.header("hx-request") !== undefined;
	if (!context.var.view || isPart) return context.text(detail, status as 429);
	return render(
		context,
		title,
		<Problem title={title} detail={detail} back={formOf(context)} />,
		status as 500,
	);
}

/** The page of a form that was sent, to try again; undefined if no form was sent. */
function formOf({ req, var: { view } }: PageContext): string | undefined {
	const from = req.header("referer") ?? "";
	if (req.method !== "POST" || !URL.canParse(from)) return undefined;
	const { origin, pathname, search } = new URL(from);
	const isOurs =
		origin === view.url.origin && pathname.startsWith(`${view.base}/`);
	return isOurs ? pathname + search : undefined;
}

export function missingPage(context: PageContext) {
	const detail = `There is no page ${show(context.req.path)}.`;
	if (!context.var.view) return context.text(detail, 404);
	return render(
		context,
		"Not found",
		<Problem title="Not found" detail={detail} />,
		404,
	);
}

function Problem({
	title,
	detail,
	back,
}: {
	title: string;
	detail: string;
	/** The page of the form that failed. */
	back?: string | undefined;
}) {
	const { base } = useView();
	return (
		<div class="section">
			<h1>{title}</h1>
			<p class="notice bad">{detail}</p>
			<p>
				{back === undefined ? (
					<a href={`${base}/`}>Go to the start</a>
				) : (
					<a href={back}>Back to the page</a>
				)}
			</p>
		</div>
	);
}
