/** How many dead letters a group has, and when they failed: the last columns of a table of groups. */
import type { DeadLetterGroup } from "../../event/dead-letter.ts";
import { numberText } from "./count.tsx";
import { Time } from "./time.tsx";

export function MeasureHeads() {
	return (
		<>
			<th scope="col" class="number">
				Count
			</th>
			<th scope="col" class="number">
				First seen
			</th>
			<th scope="col" class="number">
				Last seen
			</th>
		</>
	);
}

export function Measures({
	group,
	isTotal = false,
}: {
	group: DeadLetterGroup;
	/** Whether the count stands out. */
	isTotal?: boolean;
}) {
	return (
		<>
			<td class={isTotal ? "number total" : "number"} data-label="count">
				{numberText(group.count)}
			</td>
			<td class="number" data-label="first seen">
				<Time at={group.firstFailureAt} />
			</td>
			<td class="number" data-label="last seen">
				<Time at={group.lastFailureAt} />
			</td>
		</>
	);
}
