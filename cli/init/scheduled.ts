/** Keeps a user's own `scheduled` from running at the cron of Tidings, which `init` adds to the user's crons. */
import type { Change } from "./module.ts";
import type { OwnHandlers } from "./own-handlers.ts";

interface Guarded {
	changes: Change[];
	/** What a person has to write, if it cannot be inserted. */
	byHand?: string;
}

/** @param cron the one that was added; undefined if the user's own crons suffice */
export function guardScheduled(
	text: string,
	own: OwnHandlers | "unknown",
	cron: string | undefined,
): Guarded {
	if (cron === undefined || !/\bscheduled\b/.test(text)) return { changes: [] };
	const guard = `if (controller.cron === ${JSON.stringify(cron)}) return;`;
	const byHand = `Your scheduled() runs at the cron "${cron}" of Tidings, too. If it should not, begin it with:\n${guard}`;
	if (own === "unknown") return { changes: [], byHand };
	const method = methodIn(own);
	if (!method) return { changes: [], byHand };
	const { body, params, from } = method;
	const [first] = params;
	if (first && first.type !== "Identifier") return { changes: [], byHand };
	const name = first?.name ?? "controller";
	const eol = text.includes("\r\n") ? "\r\n" : "\n";
	const start = (body.start ?? 0) + 1;
	const indent = indentIn(text, body.body[0]?.start, start);
	const lines = [
		"// This is the cron of Tidings.",
		guard.replace("controller", name),
	];
	const inserted = lines.map((line) => eol + indent + line).join("");
	const open = text.indexOf("(", from) + 1;
	return {
		changes: [
			{ start, end: start, text: inserted },
			...(first ? [] : [{ start: open, end: open, text: name }]),
		],
	};
}

/** The parameters and the body of `scheduled`, if both are there. */
function methodIn({ object }: OwnHandlers) {
	for (const one of object?.properties ?? []) {
		if (one.type === "SpreadElement" || one.key.type !== "Identifier") continue;
		if (one.key.name !== "scheduled") continue;
		if (one.type === "ObjectMethod")
			return {
				body: one.body,
				params: one.params,
				from: one.key.end ?? 0,
			};
		const { value } = one;
		const isFunction =
			value.type === "FunctionExpression" ||
			value.type === "ArrowFunctionExpression";
		if (isFunction && value.body.type === "BlockStatement")
			return {
				body: value.body,
				params: value.params,
				from: value.start ?? 0,
			};
	}
	return undefined;
}

/** The indentation of the first statement, or one level more than that of its function. */
function indentIn(
	text: string,
	statement: number | null | undefined,
	body: number,
): string {
	const lineAt = (offset: number) =>
		text.slice(text.lastIndexOf("\n", offset - 1) + 1);
	const blank = (line: string) => /^[ \t]*/.exec(line)?.[0] ?? "";
	const isOnOwnLine = statement && text.slice(body, statement).includes("\n");
	return isOnOwnLine ? blank(lineAt(statement)) : `${blank(lineAt(body))}\t`;
}
