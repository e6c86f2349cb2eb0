/** The form of errors, with all codes. */
import * as z from "zod";
import { statusByCode } from "../problem.ts";
import { component, Issue, Receipt, text, whole } from "./parts.ts";

const statuses = Object.groupBy(
	Object.entries(statusByCode()),
	([, status]) => status,
);

export const Problem = component(
	"Problem",
	z.object({
		type: z.literal("about:blank"),
		title: text,
		status: whole,
		code: z.enum(Object.keys(statusByCode())).describe(
			Object.entries(statuses)
				.map(
					([status, codes = []]) =>
						`${status}: ${codes.map(([code]) => code).join(", ")}`,
				)
				.join("; "),
		),
		detail: text.describe("for people; it may change"),
		index: whole.describe("of the wrong event in a batch").optional(),
		issues: z.array(Issue).optional(),
		receipts: z.array(Receipt.nullable()).optional(),
		failed: z
			.array(whole)
			.describe("indexes of events that were not accepted")
			.optional(),
	}),
);
