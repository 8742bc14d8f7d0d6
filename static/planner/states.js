// How a draft's states look in the design system's badges.

/** @type {Record<string, string>} */
export const LOOKS = { draft: "draft", in_review: "queued", approved: "accepted", published: "closed", withdrawn: "withdrawn", superseded: "closed" };
