export type Raw = string | number | boolean | null | undefined;

/** The API's own value, for `data-value`: what is shown is rounded, this is not. */
export const raw = (value: Raw): string => String(value ?? null);
