// /meeting: the meetings of my teams; /meeting/:id: one of them; /meeting/:id/minutes: its minutes for print.
import { Route, Routes, useParams } from "react-router";
import { MeetingList } from "./MeetingList.tsx";
import { Minutes } from "./Minutes.tsx";
import { OneMeeting } from "./OneMeeting.tsx";

export default function Meeting() {
  const { id } = useParams();
  if (!id) return <MeetingList />;
  return (
    <Routes>
      <Route path="minutes" element={<Minutes id={id} />} />
      <Route path="*" element={<OneMeeting id={id} />} />
    </Routes>
  );
}
