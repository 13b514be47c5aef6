// /referrals: waiting for me, sent by me, stuck; /referrals/task/:id one of them; /new, /services, /pathways.
import { Route, Routes } from "react-router";
import { Absent } from "../../parts/Frame.tsx";
import { NewReferral } from "./NewReferral.tsx";
import { OneReferral } from "./OneReferral.tsx";
import { Pathways } from "./Pathways.tsx";
import { ReferralList } from "./ReferralList.tsx";
import { Services } from "./Services.tsx";

export default function Referrals() {
  return (
    <Routes>
      <Route index element={<ReferralList />} />
      <Route path="task/:id" element={<OneReferral />} />
      <Route path="new" element={<NewReferral />} />
      <Route path="services" element={<Services />} />
      <Route path="pathways" element={<Pathways />} />
      <Route path="*" element={<Absent />} />
    </Routes>
  );
}
