import { Tag as NhsTag } from "nhsuk-react-components";
import type { ReactNode } from "react";

export type TagColour = "white" | "grey" | "green" | "aqua-green" | "blue" | "purple" | "pink" | "red" | "orange" | "yellow";

/** A word of status. The word says it; the colour only helps. */
export function Tag({ colour, children }: { colour?: TagColour; children: ReactNode }) {
  return <NhsTag {...(colour ? { modifier: colour } : {})}>{children}</NhsTag>;
}
