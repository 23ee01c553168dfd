/** Values by column that together meet the conditions of one statement, as far as these compare columns with literals. */
export type ComparedValues = Readonly<Record<string, string>>
