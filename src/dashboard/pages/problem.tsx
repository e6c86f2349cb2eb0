/** The pages of an error and of a path that does not exist. They show what the HTTP API would answer. */
import { problem } from "../../entrypoints/http/problem.ts";
import { show } from "../../event/validation.ts";
import { render } from "../components/layout.tsx";
import { type PageContext, useView } from "../view.ts";

interface Problem {
	title: string;
	detail: string;
	status: number;
}

export async function problemPage(error: unknown, context: PageContext) {
	const answer = problem(error);
	const { title, detail, status } = await answer.json<Problem>();
	const retryAfter = answer.headers.get("retry-after");
	if (retryAfter !== null) context.header("retry-after", retryAfter);
	// Before the view exists, a limit or the platform has failed.
	if (!context.var.view) return context.text(detail, status as 429);
	return render(
		context,
		title,
		<Problem title={title} detail={detail} />,
		status as 500,
	);
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

function Problem({ title, detail }: Pick<Problem, "title" | "detail">) {
	const { base } = useView();
	return (
		<div class="section">
			<h1>{title}</h1>
			<p class="notice bad">{detail}</p>
			<p>
				<a href={`${base}/`}>Go to the start</a>
			</p>
		</div>
	);
}
