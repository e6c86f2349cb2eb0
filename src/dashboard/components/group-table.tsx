/** Groups of dead letters with their counts and times. A group leads to its dead letters. */
import type { DeadLetterGroup } from "../../event/dead-letter.ts";
import type { Filter } from "../../lists/filter.ts";
import { filterText } from "../filter-text.ts";
import { useView } from "../view.ts";
import { countText, numberText } from "./count.tsx";
import { Time } from "./time.tsx";

export function uncountedText(count: number): string {
	return `${countText(count, "dead letter")} in smaller groups`;
}

/** @param filter of the dead letters that were grouped */
export function GroupTable({
	groups,
	filter,
}: {
	groups: readonly DeadLetterGroup[];
	filter: Filter;
}) {
	const hasDeploys = groups.some(({ deploy }) => deploy !== "");
	return (
		<table class="measures">
			<thead>
				<tr>
					<th scope="col">Error and handler</th>
					{hasDeploys && <th scope="col">First deploy</th>}
					<th scope="col" class="number">
						Count
					</th>
					<th scope="col" class="number">
						First seen
					</th>
					<th scope="col" class="number">
						Last seen
					</th>
				</tr>
			</thead>
			<tbody>
				{groups.map((group) => (
					<Row group={group} filter={filter} hasDeploys={hasDeploys} />
				))}
			</tbody>
		</table>
	);
}

function Row({
	group,
	filter,
	hasDeploys,
}: {
	group: DeadLetterGroup;
	filter: Filter;
	hasDeploys: boolean;
}) {
	const { base } = useView();
	const { handler, cause, reason, deploy, count } = group;
	const q = filterText({
		...filter,
		// Only a message that cannot be read has no handler, and its cause says so.
		...(handler && { handler: handler.replaceAll("*", "\\*") }),
		cause,
		reason,
	});
	return (
		<tr>
			<td class="wide">
				<a
					class="name"
					href={`${base}/dead-letters?${new URLSearchParams({ q })}`}
					data-row
				>
					{reason}
				</a>
				<span class="reason">
					<span class="mono">{handler || "no handler"}</span> ·{" "}
					{cause.replaceAll("_", " ")}
				</span>
			</td>
			{hasDeploys && (
				<td class="tagged">
					{deploy && <span class="tag">{deploy.slice(0, 8)}</span>}
				</td>
			)}
			<td class="number total" data-label="count">
				{numberText(count)}
			</td>
			<td class="number" data-label="first seen">
				<Time at={group.firstFailureAt} />
			</td>
			<td class="number" data-label="last seen">
				<Time at={group.lastFailureAt} />
			</td>
		</tr>
	);
}
